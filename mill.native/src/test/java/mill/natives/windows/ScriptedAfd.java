package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import mill.natives.gen.windows.AFD_POLL_HANDLE_INFO;
import mill.natives.gen.windows.AFD_POLL_INFO;
import mill.natives.gen.windows.IO_STATUS_BLOCK;
import mill.natives.gen.windows.OVERLAPPED_ENTRY;
import mill.natives.gen.windows.Windows;

/**
 * A scripted completion port and AFD driver, as far as mill asks of them, that watch what is done
 * with the memory they were lent.
 *
 * <p>The results of an operation are written when its packet is taken out, the latest moment that a
 * kernel could: whoever has reused the record by then finds it overwritten. Submitting a record
 * that is still lent is told at once.
 */
final class ScriptedAfd implements IocpCalls {
  static final long BASE = 0x10_0000;
  static final int STATUS_NO_SUCH_OPERATION = 0xc0000225;

  private record Operation(
      long statusAddress, MemorySegment status, MemorySegment info, long context) {
    long socket() {
      return AFD_POLL_HANDLE_INFO.Handle(AFD_POLL_INFO.Handles(info, 0)).address();
    }
  }

  private record Packet(long key, Operation operation, int status, int events) {}

  private final Map<Long, Operation> pending = new HashMap<>();
  private final Map<Long, Integer> masks = new HashMap<>();
  private final Set<Long> lent = new HashSet<>();
  private final Map<Long, Integer> ready = new HashMap<>();
  private final ArrayDeque<Packet> port = new ArrayDeque<>();
  private final ArrayDeque<Packet> held = new ArrayDeque<>();
  private final Set<Long> everUsed = new HashSet<>();

  final List<Integer> cancelResults = new ArrayList<>();
  final Set<Long> openHandles = new HashSet<>();
  boolean holdCancelled;
  boolean neverCancel;
  int failPollsWith;
  int failPostsWith;
  int earlyEnds;
  int posts;
  int polls;
  boolean waiting;
  private boolean unanswered; // the next packet of an operation is
  private long nextHandle = 0x100;

  /** Sets what is true of a socket from now on, as bits of AFD. */
  synchronized void setReady(int fd, int events) {
    ready.put(BASE + fd, events);
    for (Operation operation : List.copyOf(pending.values())) {
      int seen = masks.get(operation.statusAddress) & events;
      if (operation.socket() == BASE + fd && seen != 0) {
        complete(operation, Windows.STATUS_SUCCESS(), seen);
      }
    }
  }

  /** Ends the operation of a socket with a status of its own. */
  synchronized void end(int fd, int status) {
    for (Operation operation : List.copyOf(pending.values())) {
      if (operation.socket() == BASE + fd) {
        complete(operation, status, 0);
      }
    }
  }

  /** Ends the operation of a socket by a packet alone: nothing is written to its record. */
  synchronized void endUnanswered(int fd) {
    unanswered = true;
    end(fd, Windows.STATUS_SUCCESS());
  }

  /** Lets the packets of cancelled operations come. */
  synchronized void releaseCancelled() {
    holdCancelled = false;
    port.addAll(held);
    held.clear();
    notifyAll();
  }

  synchronized int underWay() {
    return pending.size();
  }

  /** How many different records were submitted so far. */
  synchronized int recordsUsed() {
    return everUsed.size();
  }

  synchronized boolean isWaiting() {
    return waiting;
  }

  private void complete(Operation operation, int status, int events) {
    pending.remove(operation.statusAddress);
    port.add(new Packet(0, operation, status, events));
    notifyAll();
  }

  @Override
  public synchronized int createPort(MemorySegment[] handle) {
    return open(handle);
  }

  @Override
  public synchronized int openDevice(MemorySegment port, MemorySegment[] handle) {
    return open(handle);
  }

  private int open(MemorySegment[] handle) {
    handle[0] = MemorySegment.ofAddress(nextHandle += 4);
    openHandles.add(nextHandle);
    return 0;
  }

  @Override
  public long baseSocket(int fd) {
    return BASE + fd;
  }

  @Override
  public synchronized int poll(
      MemorySegment device, MemorySegment statusBlock, MemorySegment info, MemorySegment context) {
    polls++;
    var operation = new Operation(statusBlock.address(), statusBlock, info, context.address());
    if (lent.contains(operation.statusAddress)) {
      throw new AssertionError("the record was reused before its completion");
    }
    if (failPollsWith != 0) {
      return failPollsWith;
    }
    everUsed.add(operation.statusAddress);
    lent.add(operation.statusAddress);
    int mask = AFD_POLL_HANDLE_INFO.Events(AFD_POLL_INFO.Handles(info, 0));
    masks.put(operation.statusAddress, mask);
    int seen = ready.getOrDefault(operation.socket(), 0) & mask;
    if (seen != 0) {
      complete(operation, Windows.STATUS_SUCCESS(), seen);
      return Windows.STATUS_SUCCESS(); // and the packet comes all the same
    }
    pending.put(operation.statusAddress, operation);
    return Windows.STATUS_PENDING();
  }

  @Override
  public synchronized int cancel(MemorySegment device, MemorySegment statusBlock) {
    Operation operation = neverCancel ? null : pending.remove(statusBlock.address());
    int result = Windows.STATUS_SUCCESS();
    if (operation == null) {
      result = STATUS_NO_SUCH_OPERATION;
    } else {
      (holdCancelled ? held : port).add(new Packet(0, operation, Windows.STATUS_CANCELLED(), 0));
      notifyAll();
    }
    cancelResults.add(result);
    return result;
  }

  @Override
  public synchronized int dequeue(
      MemorySegment port, MemorySegment entries, int max, int timeoutMs) {
    waiting = true;
    try {
      await(timeoutMs);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      waiting = false;
    }
    int taken = 0;
    while (taken < max && !this.port.isEmpty()) {
      write(this.port.remove(), OVERLAPPED_ENTRY.asSlice(entries, taken++));
    }
    return taken;
  }

  private void await(int timeoutMs) throws InterruptedException {
    if (timeoutMs > 0 && earlyEnds > 0) {
      earlyEnds--;
      return;
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (port.isEmpty()) {
      long left =
          timeoutMs < 0
              ? 1_000
              : TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime() + 999_999);
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  private void write(Packet packet, MemorySegment entry) {
    OVERLAPPED_ENTRY.lpCompletionKey(entry, packet.key);
    Operation operation = packet.operation;
    entry.set(
        ValueLayout.JAVA_LONG,
        OVERLAPPED_ENTRY.lpOverlapped$offset(),
        operation == null ? 0 : operation.context);
    if (operation != null) {
      lent.remove(operation.statusAddress);
      if (unanswered) {
        unanswered = false;
        return;
      }
      IO_STATUS_BLOCK.Status(operation.status, packet.status);
      AFD_POLL_HANDLE_INFO.Events(AFD_POLL_INFO.Handles(operation.info, 0), packet.events);
      AFD_POLL_INFO.NumberOfHandles(operation.info, packet.events == 0 ? 0 : 1);
    }
  }

  @Override
  public synchronized int post(MemorySegment port, long key) {
    posts++;
    if (failPostsWith != 0) {
      return -failPostsWith;
    }
    this.port.add(new Packet(key, null, 0, 0));
    notifyAll();
    return 0;
  }

  @Override
  public synchronized int closeHandle(MemorySegment handle) {
    return openHandles.remove(handle.address()) ? 0 : -Windows.ERROR_INVALID_HANDLE();
  }

  @Override
  public int errnoOf(int status) {
    return Windows.WSAEBADF();
  }
}
