package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/**
 * Bytes in pooled blocks, one behind the other: put at the end, and sent from the beginning. The
 * loop's thread, but for what says something else.
 */
abstract class BlockQueue extends BlockOutput {
  private static final int MAX_SENDS = 16; // in one flush

  private static final VarHandle QUEUED;

  static {
    try {
      QUEUED = MethodHandles.lookup().findVarHandle(BlockQueue.class, "queued", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final LoopConnections home;
  @Nullable Block head;
  @Nullable Block tail;
  long put;
  long sent;
  boolean blocked;

  @SuppressWarnings({"unused", "FieldMayBeFinal"}) // put - sent, for other threads: through QUEUED
  private long queued;

  BlockQueue(LoopConnections home) {
    this.home = home;
  }

  /** How many bytes may be sent now. */
  abstract long sendable();

  /** The kernel has taken bytes. */
  abstract void hasTaken();

  /** The kernel takes no more. */
  abstract void isNowBlocked();

  // ---- what it holds

  boolean isEmpty() {
    return put == sent;
  }

  /** How many bytes are here. */
  long waiting() {
    return put - sent;
  }

  /** Whether the kernel took no more, and its next event is waited for. */
  boolean isBlocked() {
    return blocked;
  }

  void unblock() {
    blocked = false;
  }

  /** Lets other threads know how many bytes are here. */
  final void publish() {
    QUEUED.setOpaque(this, put - sent);
  }

  /** How many bytes were here when that was let known. Any thread. */
  final long published() {
    return (long) QUEUED.getOpaque(this);
  }

  @Override
  Block last() {
    return Objects.requireNonNull(tail);
  }

  /** Puts a block behind the others. */
  final void link(Block block) {
    Block before = tail;
    tail = block;
    if (before == null) {
      head = block;
    } else {
      before.next = block;
    }
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
        kernelIsFull();
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
    publish();
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
    hasTaken();
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
  private void kernelIsFull() {
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
    isNowBlocked();
  }

  /** The first bytes that may be sent, for a layer that takes them; null if there are none. */
  @Nullable Block first() {
    return sendable() == 0 ? null : firstWithBytes();
  }

  /** Drops what was put from some byte on, which is not sent yet. */
  final void keepUntil(long keep) {
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
    publish();
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

  /** Gives all blocks back. */
  final void releaseAll() {
    publish();
    Block first = head;
    head = null;
    tail = null;
    releaseFrom(first);
  }
}
