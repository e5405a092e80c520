package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
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
final class WriteQueue extends BlockOutput {
  /** A message up to this long is copied: that costs less than a buffer of its own in a send. */
  private static final int COPIED = 1024;

  /** From so much on it is sent in the middle of a callback. */
  private static final int AT_ONCE = 64 << 10;

  private static final int MAX_SENDS = 16; // in one flush
  private static final int MAX_HELD = 64;

  private static final VarHandle QUEUED;
  private static final VarHandle INBOX;

  static {
    try {
      var lookup = MethodHandles.lookup();
      QUEUED = lookup.findVarHandle(WriteQueue.class, "queued", long.class);
      INBOX = lookup.findVarHandle(WriteQueue.class, "inbox", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final LoopConnections home;
  private final ConnectionDoor owner;
  private final long low;
  private final long high;
  private final long limit;
  private final long atOnce;

  private @Nullable Block head;
  private @Nullable Block tail;
  private long put;
  private long sent;
  private long dropped; // accepted, and then not put: it had ended meanwhile
  private int checkedIn = -1; // in which callback the limit was looked at

  @SuppressWarnings({"unused", "FieldMayBeFinal"}) // put - sent, for other threads: through QUEUED
  private long queued;

  @SuppressWarnings("FieldMayBeFinal") // written through INBOX
  private volatile long inbox; // on its way to here

  private volatile boolean congested;
  private volatile boolean closed;
  private boolean blocked;
  private boolean dirty;
  private boolean crossed; // onDrained is owed when it falls to the low mark

  private long @Nullable [] holds; // in ascending order
  private int holdCount;

  /** The queue of a connection. */
  WriteQueue(LoopConnections home, ConnectionDoor owner, ConnectionConfig config) {
    this.home = home;
    this.owner = owner;
    low = config.low;
    high = config.high;
    limit = config.queueLimit;
    atOnce = AT_ONCE;
  }

  private WriteQueue(LoopConnections home, ConnectionDoor owner) {
    this.home = home;
    this.owner = owner;
    low = 0;
    high = Long.MAX_VALUE;
    limit = Long.MAX_VALUE;
    atOnce = Long.MAX_VALUE; // whoever puts here sends it
  }

  /** A queue below the layers of a connection: what it holds is counted above. */
  static WriteQueue below(LoopConnections home, ConnectionDoor owner) {
    return new WriteQueue(home, owner);
  }

  // ---- what it holds

  /** How many bytes are queued here, or on their way to here. Any thread. */
  long queuedBytes() {
    return (long) QUEUED.getOpaque(this) + inbox;
  }

  /** How many bytes were accepted, and not taken by the system. */
  long undelivered() {
    return put - sent + dropped + inbox;
  }

  /** Any thread. */
  boolean isCongested() {
    return congested || queuedBytes() > high;
  }

  boolean isEmpty() {
    return put == sent;
  }

  /** Whether there is something that may be sent now. */
  boolean hasSendable() {
    return sendable() > 0;
  }

  /** How many bytes may be sent now. */
  long sendable() {
    return (holdCount > 0 && holds != null ? holds[0] : put) - sent;
  }

  /** How many bytes are here. */
  long waiting() {
    return put - sent;
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

  /** Whether the kernel took no more, and its next event is waited for. */
  boolean isBlocked() {
    return blocked;
  }

  void unblock() {
    blocked = false;
  }

  /** Whether a write would find more than the limit. Any thread. */
  boolean isOverLimit() {
    return queuedBytes() > limit;
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
  Block last() {
    return Objects.requireNonNull(tail);
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

  private void link(Block block) {
    Block before = tail;
    tail = block;
    if (before == null) {
      head = block;
    } else {
      before.next = block;
    }
  }

  @Override
  void added(Block block, int bytes) {
    block.end += bytes;
    grown(bytes);
    if (put - sent >= atOnce && !blocked && sendable() >= atOnce) {
      owner.sendAtOnce();
    }
  }

  private void grown(int bytes) {
    put += bytes;
    QUEUED.setOpaque(this, put - sent);
    if (!dirty) {
      dirty = true;
      owner.hasOutput();
    }
    if (put - sent > high && !crossed) {
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
    } else if (length <= COPIED) {
      checkedIn = home.callbacks();
      long before = put;
      put(message.memory(), 0, length);
      dropped += length - (put - before); // if there was no memory
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
    QUEUED.setOpaque(this, 0L);
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

  // ---- sending

  /**
   * Sends what the kernel takes.
   *
   * @return false if there is more than one flush sends: another is owed
   * @throws IOException if the connection has failed
   */
  boolean send(StreamSocket socket) throws IOException {
    for (int i = 0; i < MAX_SENDS; i++) {
      long most = sendable();
      if (most == 0) {
        return true;
      }
      Block first = firstWithBytes();
      long taken = home.vectors.write(socket, first, most);
      if (taken == IoStatus.WOULD_BLOCK) {
        block();
        return true;
      }
      take(taken);
    }
    return false;
  }

  private Block firstWithBytes() {
    Block first = Objects.requireNonNull(head);
    while (first.length() == 0) { // reserved, and never put
      dropHead(first);
      first = Objects.requireNonNull(head);
    }
    return first;
  }

  /** The first bytes are gone: before anything else, or they would be sent twice. */
  void take(long bytes) {
    sent += bytes;
    QUEUED.setOpaque(this, put - sent);
    long left = bytes;
    Block block = head;
    while (block != null && (left > 0 || block.length() == 0)) {
      int n = (int) Math.min(left, block.length());
      block.start += n;
      left -= n;
      if (block.length() > 0) {
        break;
      }
      dropHead(block);
      block = head;
    }
    owner.madeProgress();
    if (crossed && put - sent <= low) {
      crossed = false;
      congested = false;
      owner.drained();
    }
  }

  private void dropHead(Block block) {
    head = block.next;
    if (head == null) {
      tail = null;
    }
    block.next = null;
    home.blocks.release(block);
  }

  // A little that waits for long needs no large block.
  private void block() {
    blocked = true;
    Block only = head;
    if (only != null
        && only.next == null
        && only.isWritable()
        && only.capacity > Blocks.SMALL
        && only.length() <= Blocks.SMALL) {
      Block small = home.blocks.acquire(only.length());
      if (small != null) {
        small.end = only.length();
        MemorySegment.copy(only.memory, only.start, small.memory, 0, only.length());
        head = small;
        tail = small;
        home.blocks.release(only);
      }
    }
    owner.isBlocked();
  }

  /** The first bytes that may be sent, for a layer that takes them; null if there are none. */
  @Nullable Block first() {
    return sendable() == 0 ? null : firstWithBytes();
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
    long keep = Math.max(mark, sent);
    while (holdCount > 0 && holds != null && holds[holdCount - 1] >= keep) {
      holdCount--;
    }
    long at = sent;
    Block block = head;
    Block last = null;
    while (block != null && at + block.length() <= keep) {
      at += block.length();
      last = block;
      block = block.next;
    }
    if (block != null && at < keep) {
      block.end = block.start + (int) (keep - at);
      last = block;
      block = block.next;
    }
    if (last == null) {
      head = null;
    } else {
      last.next = null;
    }
    tail = last;
    releaseFrom(block);
    put = keep;
    QUEUED.setOpaque(this, put - sent);
  }

  private void releaseFrom(@Nullable Block first) {
    Block block = first;
    while (block != null) {
      Block next = block.next;
      block.next = null;
      home.blocks.release(block);
      block = next;
    }
  }

  /** Gives all memory back. What is still here counts as undelivered for ever. */
  void release() {
    closed = true;
    dropped += put - sent;
    sent = put;
    QUEUED.setOpaque(this, 0L);
    Block first = head;
    head = null;
    tail = null;
    releaseFrom(first);
  }
}
