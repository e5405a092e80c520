package mill.natives.memory;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import java.lang.foreign.MemorySegment;
import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

/**
 * The whole pool: depot, magazines and the states of the buffers. It goes through hundreds of steps
 * for each buffer, so there are fewer interleavings.
 */
class BufferPoolModelTest {
  private static final String MEMORY = "mill.native/src/main/java/mill/natives/memory/";
  private static final double SHARE = 0.1;
  private static final int BYTES = BufferPool.ALIGNMENT_BYTES;

  private static final BufferPoolConfig ONE = configFor(1);
  private static final BufferPoolConfig TWO = configFor(2);

  private static BufferPoolConfig configFor(int buffers) {
    return BufferPoolConfig.builder()
        .bufferBytes(BYTES, BYTES)
        .slabBytes(buffers * BYTES)
        .maxBytes((long) buffers * BYTES)
        .buffersPerThreadCache(1)
        .checked(false)
        .build();
  }

  /** Two threads want the one buffer, which is in the magazine of the thread that had it last. */
  static final class Stealing implements Runnable {
    static BufferPool pool;
    static PooledBuffer[] held;

    @Override
    public void run() {
      pool = BufferPool.open(ONE);
      held = new PooledBuffer[2];
      together(
          () -> {
            use(0);
            use(0);
          },
          () -> use(1));
      PooledBuffer buffer = pool.tryAcquire(BYTES);
      check(buffer != null, "the buffer is lost");
    }

    private static void use(int user) {
      PooledBuffer buffer = pool.tryAcquire(BYTES);
      if (buffer != null) {
        held[user] = buffer;
        check(held[1 - user] == null, "lent to two");
        held[user] = null;
        buffer.release();
      }
    }
  }

  /** Two threads give back their buffers while a third one closes the pool. */
  static final class Closing implements Runnable {
    static BufferPool pool;
    static PooledBuffer[] held;

    @Override
    public void run() {
      pool = BufferPool.open(TWO);
      held = new PooledBuffer[] {pool.tryAcquire(BYTES), pool.tryAcquire(BYTES)};
      MemorySegment memory = held[0].segment();
      together(() -> held[0].release(), () -> held[1].release(), () -> pool.close());
      check(!memory.scope().isAlive(), "memory that nobody frees");
    }
  }

  /** Two threads want a buffer while a third one closes the pool. */
  static final class Refusing implements Runnable {
    static BufferPool pool;
    static PooledBuffer first;

    @Override
    public void run() {
      pool = BufferPool.open(TWO);
      first = pool.tryAcquire(BYTES);
      MemorySegment memory = first.segment();
      together(
          Refusing::use,
          () -> {
            first.release();
            use();
          },
          () -> pool.close());
      check(!memory.scope().isAlive(), "memory that nobody frees");
    }

    private static void use() {
      PooledBuffer buffer;
      try {
        buffer = pool.tryAcquire(BYTES);
      } catch (IllegalStateException e) {
        return; // closed
      }
      check(buffer == null || buffer.capacity() == BYTES, "not mine");
      if (buffer != null) {
        buffer.release();
      }
    }
  }

  @Test
  void bufferIsLentToOneAtATimeAndNotLost() {
    holds(Stealing.class, SHARE);
  }

  @Test
  void memoryIsFreedWhoeverIsTheLast() {
    holds(Closing.class, SHARE);
  }

  @Test
  void acquisitionEndsWithABufferOrIsRefused() {
    holds(Refusing.class, SHARE);
  }

  @Test
  void releaseThatAsksTooEarlyWhetherThePoolIsClosedIsFound() {
    finds(
        new PlantedBug(
            MEMORY + "BufferPool.java",
            """
            if (cache == null || !cache.magazine(buffer.sizeClass).push(buffer)) {
              releaseToDepot(buffer, cache);
            }
            // After the push: see Depot.close().
            if (depot.isClosed()) {
            """,
            """
            boolean closed = depot.isClosed();
            if (cache == null || !cache.magazine(buffer.sizeClass).push(buffer)) {
              releaseToDepot(buffer, cache);
            }
            if (closed) {
            """),
        Closing.class);
  }
}
