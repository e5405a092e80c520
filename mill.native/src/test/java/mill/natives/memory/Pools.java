package mill.natives.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** What the tests of the buffer pool say about pools and threads. */
final class Pools {

  static final int KIB = 1 << 10;

  private Pools() {}

  /** Buffers of 256 B to 4 KiB in slabs of 4 KiB: small enough to be exhausted by a test. */
  static BufferPoolConfig.Builder small(int slabs) {
    return BufferPoolConfig.builder()
        .bufferBytes(256, 4 * KIB)
        .slabBytes(4 * KIB)
        .maxBytes((long) slabs * 4 * KIB)
        .buffersPerThreadCache(8)
        .checked(false);
  }

  static List<PooledBuffer> acquireAll(BufferPool pool, int bytes) {
    var all = new ArrayList<PooledBuffer>();
    PooledBuffer buffer;
    while ((buffer = pool.tryAcquire(bytes)) != null) {
      all.add(buffer);
      assertThat(all).as("more buffers than any test pool has").hasSizeLessThan(1_000);
    }
    return all;
  }

  static void releaseAll(List<PooledBuffer> buffers) {
    buffers.forEach(PooledBuffer::release);
  }

  /** Runs in a thread that has died when this returns. */
  static <T> T inDyingThread(Callable<T> work) throws Exception {
    var task = new FutureTask<>(work);
    Thread thread = new Thread(task, "dying");
    thread.start();
    thread.join();
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e;
    }
  }

  static void assertFreed(BufferPool pool) {
    assertThat(pool.metrics().reservedBytes()).as("reserved bytes").isZero();
    assertThat(pool.metrics().outstanding()).as("lent buffers").isZero();
  }
}
