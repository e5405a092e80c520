package mill.core.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import mill.natives.memory.BufferPool;
import mill.natives.memory.PooledBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Immutable bytes that connections of any loops send, held once however many do. Any thread.
 *
 * <p>Counted: the maker holds a reference until he releases it, each queue one until it has sent
 * the bytes. In steady state nothing is allocated: the object and its memory are used again after
 * the last release, so one that was released must not be used any more.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=message}
 */
public final class Message {
  /** How many bytes a message has at most: 1 GiB. */
  public static final long MAX_LENGTH = 1L << 30;

  private static final int MAX_IDLE = 64;
  private static final VarHandle COUNT;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Message[].class);

  static {
    try {
      COUNT = MethodHandles.lookup().findVarHandle(Message.class, "count", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Made when the first message is.
  private static final class Pool {
    static final BufferPool MEMORY = BufferPool.open();
    static final @Nullable Message[] IDLE = new @Nullable Message[MAX_IDLE];
  }

  private static int nextIdle; // a hint: where an idle one may be

  private volatile int count;
  private MemorySegment memory = MemorySegment.NULL; // published with the count, as the rest
  private long length;
  private @Nullable PooledBuffer buffer;
  private @Nullable Arena arena;

  private Message() {}

  /**
   * Makes a message of a copy of some bytes.
   *
   * @param source holds the bytes, on or off the heap
   * @param offset where they begin, in bytes
   * @param length how many
   * @return the message, which the caller has to release
   * @throws IllegalArgumentException if there are more than {@link #MAX_LENGTH} bytes
   * @throws IndexOutOfBoundsException if the range is not inside the segment
   * @throws OutOfMemoryError if the system has no memory for it
   */
  public static Message copyOf(MemorySegment source, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, source.byteSize());
    if (length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "a message has at most " + MAX_LENGTH + " bytes, not " + length + ": make several");
    }
    Message made = takeIdle();
    made.allocate(length);
    MemorySegment.copy(source, offset, made.memory, 0, length);
    made.length = length;
    made.count = 1;
    return made;
  }

  private static Message takeIdle() {
    int at = nextIdle;
    for (int i = 0; i < MAX_IDLE; i++) {
      int index = (at + i) & (MAX_IDLE - 1);
      if (SLOT.getOpaque(Pool.IDLE, index) != null) {
        Message idle = (Message) SLOT.getAndSet(Pool.IDLE, index, null);
        if (idle != null) {
          nextIdle = index;
          return idle;
        }
      }
    }
    return new Message();
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with the last reference
  private void allocate(long bytes) {
    PooledBuffer pooled = bytes <= Blocks.LARGE ? Pool.MEMORY.tryAcquire((int) bytes) : null;
    if (pooled == null) {
      Arena own = Arena.ofShared();
      arena = own;
      memory = own.allocate(Math.max(1, bytes));
    } else {
      buffer = pooled;
      memory = pooled.segment();
    }
  }

  /**
   * Gives the maker's reference back.
   *
   * @throws IllegalStateException if it was given back before
   */
  public void release() {
    int before = (int) COUNT.getAndAdd(this, -1);
    if (before <= 0) {
      COUNT.getAndAdd(this, 1);
      throw released();
    }
    if (before == 1) {
      giveBack();
    }
  }

  private void giveBack() {
    PooledBuffer pooled = buffer;
    Arena own = arena;
    memory = MemorySegment.NULL;
    buffer = null;
    arena = null;
    if (pooled != null) {
      pooled.release();
    }
    if (own != null) {
      own.close();
    }
    int at = nextIdle;
    for (int i = 0; i < MAX_IDLE; i++) {
      int index = (at + i) & (MAX_IDLE - 1);
      if (SLOT.getOpaque(Pool.IDLE, index) == null
          && SLOT.compareAndSet(Pool.IDLE, index, null, this)) {
        nextIdle = index;
        return;
      }
    }
  }

  /** Takes one more reference. */
  void retain() {
    if ((int) COUNT.getAndAdd(this, 1) <= 0) {
      COUNT.getAndAdd(this, -1);
      throw released();
    }
  }

  private static IllegalStateException released() {
    return new IllegalStateException("this message was released: make another");
  }

  /** How many bytes; zero for one that was released. */
  long length() {
    if (count <= 0) {
      throw released();
    }
    return length;
  }

  MemorySegment memory() {
    return memory;
  }

  /** {@return length, and how many hold it} */
  @Override
  public String toString() {
    return "Message[" + length + " bytes, " + count + " references]";
  }
}
