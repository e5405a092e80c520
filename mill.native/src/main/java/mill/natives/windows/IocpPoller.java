package mill.natives.windows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.ffm.PollerArena;
import mill.natives.gen.windows.OVERLAPPED_ENTRY;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.PollerBackend;

/**
 * A completion port that tells readiness, with its {@link IocpWaker}.
 *
 * <p>Each socket has an {@link AfdPoll}: at most one operation under way, submitted anew after each
 * packet. Not at once, though, but with the next poll, so that a handler that changes its interest
 * three times costs one call, and one that closes costs none. While a poll waits, changes from
 * other threads go to the kernel directly.
 *
 * <pre>
 *   add, modify ──▶ updates ──poll: submit──▶ AFD ──packet──▶ port ──poll: take──▶ ReadyEvents
 *                      ▲                                               │
 *                      └──────────── still of interest ────────────────┘
 * </pre>
 */
final class IocpPoller implements PollerBackend {
  private static final System.Logger LOG = System.getLogger("mill.natives");

  private static final long NANOS_PER_MILLI = 1_000_000;

  /** How often, and how long each time, closing waits for operations that were cancelled. */
  static final int MAX_DRAIN_ROUNDS = 100;

  static final int DRAIN_MS = 10;

  private static final int DRAIN_CAPACITY = 64;
  private static final int FIRST_CAPACITY = 64;

  private static final long KEY_OFFSET = OVERLAPPED_ENTRY.lpCompletionKey$offset();
  private static final long CONTEXT_OFFSET = OVERLAPPED_ENTRY.lpOverlapped$offset();

  private final IocpCalls calls;
  private final EdgePollers edges;
  private final MemorySegment port;
  private final IocpWaker waker;

  // Closed with the poller, when the kernel has let go of all of it.
  private final Arena arena = new PollerArena();

  private final Object lock = new Object();
  private final AfdPolls polls; // guarded by lock, as are the next three
  private final FdMap<AfdPoll> table = new FdMap<>(FIRST_CAPACITY);
  private final ArrayDeque<AfdPoll> updates = new ArrayDeque<>();
  private boolean waiting;

  // Both belong to the polling thread.
  private MemorySegment entries = MemorySegment.NULL;
  private int capacity;

  IocpPoller(IocpCalls calls, EdgePollers edges) throws IOException {
    this.calls = calls;
    this.edges = edges;
    MemorySegment[] handle = new MemorySegment[1];
    int result = calls.createPort(handle);
    if (result < 0) {
      arena.close();
      throw WindowsErrnos.TABLE.exception("CreateIoCompletionPort", result);
    }
    port = handle[0];
    waker = new IocpWaker(calls, port);
    polls = new AfdPolls(calls, port, arena);
  }

  @Override
  public int add(int fd, long token, Interest interest, Trigger trigger) {
    return add(fd, DescriptorKind.OTHER, token, interest, trigger);
  }

  @Override
  public int add(int fd, DescriptorKind kind, long token, Interest interest, Trigger trigger) {
    long base = calls.baseSocket(fd);
    if (base < 0) {
      return (int) base;
    }
    synchronized (lock) {
      int result = polls.reserve();
      if (result < 0) {
        return result;
      }
      AfdPoll poll = polls.take(base, kind);
      AfdPoll stale = table.put(fd, poll);
      if (stale != null) {
        discard(stale); // its socket was closed unseen, and the number given out again
      }
      result = ask(poll, fd, token, interest, trigger);
      if (result < 0) {
        remove(fd);
      }
      return result;
    }
  }

  @Override
  public int modify(int fd, long token, Interest interest, Trigger trigger) {
    synchronized (lock) {
      AfdPoll poll = table.get(fd);
      return poll == null ? -WindowsErrnos.NOT_FOUND : ask(poll, fd, token, interest, trigger);
    }
  }

  @Override
  public int remove(int fd) {
    synchronized (lock) {
      AfdPoll poll = table.remove(fd);
      if (poll == null) {
        return -WindowsErrnos.NOT_FOUND;
      }
      edges.remove(fd, this);
      discard(poll);
      return 0;
    }
  }

  /** Lets an edge-triggered socket's events be reported again. */
  void rearm(int fd, int events) {
    synchronized (lock) {
      AfdPoll poll = table.get(fd);
      if (poll != null) {
        poll.rearm(events);
        if (!waiting) {
          enqueue(poll);
        } else if (poll.update(calls) < 0) {
          enqueue(poll); // the next poll runs into the same error, and reports it
          waker.wake();
        }
      }
    }
  }

  @Override
  public int poll(ReadyEvents into, long timeoutNs) {
    if (capacity < into.capacity()) {
      entries = arena.allocate(OVERLAPPED_ENTRY.layout(), into.capacity());
      capacity = into.capacity();
    }
    long start = timeoutNs > 0 ? System.nanoTime() : 0;
    long remainingNs = timeoutNs;
    while (true) {
      int found = pollOnce(into, remainingNs);
      if (found < 0) {
        return found;
      }
      boolean packetsOnly = found > 0 && into.size() == 0 && !into.woken();
      if (into.size() > 0 || into.woken() || (found == 0 && remainingNs == 0)) {
        return 0;
      }
      // The wait may end up to a tick of the clock early, and packets may have nothing to report.
      if (timeoutNs > 0) {
        remainingNs = Math.max(0, timeoutNs - (System.nanoTime() - start));
        if (remainingNs == 0 && !packetsOnly) {
          return 0;
        }
      }
    }
  }

  @Override
  public void wake() {
    waker.wake();
  }

  @Override
  public void close() {
    waker.close();
    int underWay;
    synchronized (lock) {
      for (int fd : table.descriptors()) {
        remove(fd);
      }
      MemorySegment packets = arena.allocate(OVERLAPPED_ENTRY.layout(), DRAIN_CAPACITY);
      drain(packets);
      polls.closeDevices(); // ends what could not be cancelled
      drain(packets);
      underWay = polls.underWay();
    }
    calls.closeHandle(port);
    if (underWay == 0) {
      arena.close();
    } else {
      LOG.log(
          System.Logger.Level.WARNING,
          "the kernel has kept {0} poll operations: their memory is not given back",
          underWay);
    }
  }

  /** Submits, waits and takes; the number of packets, or the negated error. */
  private int pollOnce(ReadyEvents into, long timeoutNs) {
    int timeoutMs;
    int room;
    synchronized (lock) {
      submitUpdates(into);
      timeoutMs = into.size() > 0 ? 0 : roundUpToMillis(timeoutNs);
      room = into.capacity() - into.size();
      waiting = timeoutMs != 0;
    }
    int found = room == 0 ? 0 : calls.dequeue(port, entries, room, timeoutMs);
    synchronized (lock) {
      waiting = false;
      for (int i = 0; i < found; i++) {
        take(entries, i, into);
      }
    }
    return found;
  }

  private void take(MemorySegment packets, int index, ReadyEvents into) {
    long offset = index * OVERLAPPED_ENTRY.sizeof();
    if (packets.get(ValueLayout.JAVA_LONG, offset + KEY_OFFSET) == IocpWaker.KEY) {
      waker.seen();
      into.markWoken();
      return;
    }
    AfdPoll poll = polls.of(packets.get(ValueLayout.JAVA_LONG, offset + CONTEXT_OFFSET));
    int readiness = poll.completed();
    if (poll.state() == AfdPoll.State.FREE) {
      polls.giveBack(poll);
      return;
    }
    if (readiness != 0) {
      into.add(poll.token(), readiness);
    }
    if (poll.wanted() != 0) {
      enqueue(poll);
    }
  }

  private void submitUpdates(ReadyEvents into) {
    // What does not fit into the batch stays in the queue.
    while (into.size() < into.capacity() && !updates.isEmpty()) {
      AfdPoll poll = updates.remove();
      poll.queued = false;
      if (poll.state() != AfdPoll.State.FREE && !poll.isDeletePending() && poll.update(calls) < 0) {
        into.add(poll.token(), poll.dead());
      }
    }
  }

  private int ask(AfdPoll poll, int fd, long token, Interest interest, Trigger trigger) {
    poll.ask(token, interest, trigger);
    if (trigger == Trigger.EDGE) {
      edges.add(fd, this);
    } else {
      edges.remove(fd, this);
    }
    if (!waiting) {
      enqueue(poll);
      return 0;
    }
    int status = poll.update(calls);
    return status < 0 ? -calls.errnoOf(status) : 0;
  }

  private void enqueue(AfdPoll poll) {
    if (!poll.queued) {
      poll.queued = true;
      updates.add(poll);
    }
  }

  private void discard(AfdPoll poll) {
    if (poll.delete(calls)) {
      polls.giveBack(poll);
    }
  }

  // Packets of operations that nobody waits for any more; wake-ups among them mean nothing now.
  private void drain(MemorySegment packets) {
    for (int round = 0; round < MAX_DRAIN_ROUNDS && polls.underWay() > 0; round++) {
      int found = calls.dequeue(port, packets, DRAIN_CAPACITY, DRAIN_MS);
      for (int i = 0; i < found; i++) {
        long offset = i * OVERLAPPED_ENTRY.sizeof();
        long context = packets.get(ValueLayout.JAVA_LONG, offset + CONTEXT_OFFSET);
        if (context != 0) {
          polls.of(context).completed();
        }
      }
    }
  }

  /**
   * Never shorter than asked: a timer that fires early is a bug, one that fires late is a delay.
   */
  static int roundUpToMillis(long timeoutNs) {
    if (timeoutNs < 0) {
      return Windows.INFINITE();
    }
    long ms = timeoutNs / NANOS_PER_MILLI + (timeoutNs % NANOS_PER_MILLI == 0 ? 0 : 1);
    return (int) Math.min(ms, Integer.MAX_VALUE);
  }
}
