package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A queue of bytes in pooled blocks: the {@link Output} of a connection, and what the system has
 * not taken of it yet. The loop's thread, but for what says something else.
 *
 * <pre>
 *      sent                    holds[0]              put
 *        │ head ─▶ block ─▶ block │ ─▶ block ─▶ tail  │
 *   gone │ may be sent            │ waits for a patch │ next byte
 * </pre>
 */
final class WriteQueue extends BlockQueue {
  /**
   * A message up to this long is copied behind what is queued: that costs less than a buffer of its
   * own in a send. One that comes first is not: a send of its own memory needs no block here.
   */
  private static final int COPIED = 1024;

  /** From so much on it is sent in the middle of a callback. */
  private static final int AT_ONCE = 64 << 10;

  private static final int MAX_HELD = 64;

  private static final VarHandle INBOX;

  static {
    try {
      var lookup = MethodHandles.lookup();
      INBOX = lookup.findVarHandle(WriteQueue.class, "inbox", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ConnectionDoor owner;
  private final ConnectionConfig config; // its marks and its limit
  private final boolean sendsAtOnce;

  private long dropped; // accepted, and then not put: it had ended meanwhile
  private int checkedIn = -1; // in which callback the limit was looked at

  @SuppressWarnings("FieldMayBeFinal") // written through INBOX
  private volatile long inbox; // on its way to here

  private volatile boolean congested;
  private volatile boolean closed;
  private boolean dirty;
  private boolean crossed; // onDrained is owed when it falls to the low mark

  private long @Nullable [] holds; // in ascending order
  private int holdCount;

  /** The queue of a connection. */
  WriteQueue(LoopConnections home, ConnectionDoor owner, ConnectionConfig config) {
    super(home);
    this.owner = owner;
    this.config = config;
    sendsAtOnce = !config.equals(ConnectionConfig.UNLIMITED);
  }

  /** A queue below the layers of a connection: what it holds is counted above. */
  static WriteQueue below(LoopConnections home, ConnectionDoor owner) {
    return new WriteQueue(home, owner, ConnectionConfig.UNLIMITED); // whoever puts here sends it
  }

  // ---- what it holds

  /** How many bytes are queued here, or on their way to here. Any thread. */
  long queuedBytes() {
    return published() + inbox;
  }

  /** How many bytes were accepted, and not taken by the system. */
  long undelivered() {
    return put - sent + dropped + inbox;
  }

  /** Any thread. */
  boolean isCongested() {
    return congested || queuedBytes() > config.high;
  }

  /** Whether there is something that may be sent now. */
  boolean hasSendable() {
    return sendable() > 0;
  }

  @Override
  long sendable() {
    return (holdCount > 0 && holds != null ? holds[0] : put) - sent;
  }

  /** Whether something was put since {@link #clean}. */
  boolean isDirty() {
    return dirty;
  }

  void clean() {
    dirty = false;
  }

  /** There is more to send than one flush has sent. */
  void soil() {
    dirty = true;
  }

  /** Whether what was put was above the high mark, and has not fallen to the low one. */
  boolean isCongestedHere() {
    return crossed;
  }

  /** Whether a write would find more than the limit. Any thread. */
  boolean isOverLimit() {
    return queuedBytes() > config.queueLimit;
  }

  /** Any thread. */
  @Override
  boolean isClosed() {
    return closed;
  }

  /** How much was put so far: what a callback that throws has put is dropped from here on. */
  long mark() {
    return put;
  }

  // ---- puts

  @Override
  MemorySegment nowhere() {
    return home.nowhere();
  }

  @Override
  public long hold(int bytes) {
    if (bytes < Integer.BYTES || bytes > MAX_HELD) {
      throw new IllegalArgumentException(
          "hold " + Integer.BYTES + " to " + MAX_HELD + " bytes, not " + bytes);
    }
    long held = put;
    if (room(bytes)) {
      long[] known = holds == null ? new long[4] : holds;
      if (holdCount == known.length) {
        known = Arrays.copyOf(known, 2 * holdCount);
      }
      known[holdCount++] = held;
      holds = known;
      Block block = last();
      for (int i = 0; i < bytes; i++) {
        block.memory.set(BYTE, block.end + i, (byte) 0);
      }
      added(block, bytes);
    }
    return held;
  }

  @Override
  public void patchIntBE(long held, int value) {
    if (closed) {
      return;
    }
    int index = 0;
    while (index < holdCount && holds != null && holds[index] != held) {
      index++;
    }
    if (index == holdCount || holds == null) {
      throw new IllegalArgumentException("nothing is held at " + held + ": patched before?");
    }
    System.arraycopy(holds, index + 1, holds, index, holdCount - index - 1);
    holdCount--;
    long at = sent;
    Block block = head;
    while (block != null && at + block.length() <= held) {
      at += block.length();
      block = block.next;
    }
    if (block != null) {
      block.memory.set(INT_BE, block.start + held - at, value);
      if (!dirty) {
        dirty = true;
        owner.hasOutput();
      }
    }
  }

  @Override
  boolean room(int bytes) {
    if (closed) {
      return false;
    }
    if (checkedIn != home.callbacks()) {
      checkedIn = home.callbacks();
      if (isOverLimit()) {
        owner.overflows();
        return false;
      }
    }
    Block block = tail;
    return (block != null && block.isWritable() && block.room() >= bytes) || append(bytes);
  }

  private boolean append(int bytes) {
    int wanted = put - sent >= AT_ONCE ? Blocks.LARGE : Blocks.MEDIUM;
    Block block = home.blocks.acquire(Math.max(bytes, wanted));
    if (block == null && wanted > Blocks.SMALL) {
      block = home.blocks.acquire(Math.max(bytes, Blocks.SMALL)); // a corner that is left
    }
    if (block == null) {
      owner.outOfMemory();
      return false;
    }
    link(block);
    return true;
  }

  @Override
  void added(Block block, int bytes) {
    block.end += bytes;
    grown(bytes);
    if (sendsAtOnce && put - sent >= AT_ONCE && !blocked && sendable() >= AT_ONCE) {
      owner.sendAtOnce();
    }
  }

  private void grown(int bytes) {
    put += bytes;
    publish();
    if (!dirty) {
      dirty = true;
      owner.hasOutput();
    }
    if (put - sent > config.high && !crossed) {
      crossed = true;
      congested = true;
    }
  }

  // ---- messages and blocks

  /**
   * Puts a message's bytes behind the others; it keeps a reference for as long as it needs one. The
   * limit has been looked at before.
   */
  void append(Message message) {
    int length = (int) message.length();
    if (closed) {
      dropped += length;
    } else if (length <= COPIED && (length == 0 || !isEmpty())) {
      checkedIn = home.callbacks();
      long before = put + dropped;
      put(message.memory(), 0, length);
      dropped += before + length - (put + dropped); // no memory: what was held has gone as well
    } else {
      message.retain();
      link(home.blocks.of(message, length));
      grown(length);
    }
  }

  /** Puts a block with the bytes in it behind the others, and owns it from now on. */
  void append(Block block) {
    if (closed) {
      home.blocks.release(block);
      return;
    }
    int length = block.length();
    link(block);
    grown(length);
  }

  /**
   * Moves everything to another queue, which takes over what the kernel said too: what is put here
   * goes out behind that.
   *
   * @throws IllegalStateException if something is held that was not patched
   */
  void moveTo(WriteQueue below) {
    if (holdCount > 0) {
      throw new IllegalStateException("held, and not patched yet: patch it first");
    }
    below.blocked = blocked;
    blocked = false;
    Block block = head;
    head = null;
    tail = null;
    while (block != null) {
      Block next = block.next;
      block.next = null;
      below.append(block);
      block = next;
    }
    sent = put;
    publish();
    if (crossed) {
      crossed = false;
      congested = false;
      owner.drained();
    }
  }

  /** Bytes are on their way to here. Any thread. */
  void expect(long bytes) {
    INBOX.getAndAdd(this, bytes);
  }

  /** They have arrived, or will not. Any thread. */
  void arrived(long bytes) {
    INBOX.getAndAdd(this, -bytes);
  }

  // ---- what is sent

  @Override
  void hasTaken() {
    owner.madeProgress();
    if (crossed && put - sent <= config.low) {
      crossed = false;
      congested = false;
      owner.drained();
    }
  }

  @Override
  void isNowBlocked() {
    owner.isBlocked();
  }

  // ---- the end

  /** Takes no more; what is held and was not patched is dropped, with all behind it. */
  void close() {
    if (holdCount > 0 && holds != null) {
      long from = holds[0];
      holdCount = 0;
      dropped += put - from;
      truncate(from);
    }
    closed = true;
  }

  /** Drops what was put from a mark on, as far as it is not sent yet. */
  void truncate(long mark) {
    long keep = Math.min(put, Math.max(mark, sent)); // less is there if close() has dropped a hold
    while (holdCount > 0 && holds != null && holds[holdCount - 1] >= keep) {
      holdCount--;
    }
    keepUntil(keep);
  }

  /** Gives all memory back. What is still here counts as undelivered for ever. */
  void release() {
    closed = true;
    dropped += put - sent;
    sent = put;
    releaseAll();
  }
}
