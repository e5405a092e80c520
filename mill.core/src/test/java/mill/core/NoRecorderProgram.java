package mill.core;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import mill.natives.Interest;
import mill.natives.memory.BufferPool;
import mill.natives.memory.BufferPoolConfig;
import mill.natives.memory.PooledBuffer;
import mill.natives.net.UnixStream;

/** Does all that could be told to a flight recorder, in a JVM without module {@code jdk.jfr}. */
final class NoRecorderProgram {
  private NoRecorderProgram() {}

  public static void main(String[] arguments) throws Exception {
    if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
      System.out.println("no recorder");
    }
    for (DispatchMode dispatch : DispatchMode.values()) {
      turn(dispatch);
    }
    System.out.println("turned");
    BufferPoolConfig checked =
        BufferPoolConfig.builder()
            .checked(true)
            .onLeak(report -> System.out.println("leak reported"))
            .build();
    PooledBuffer lost;
    try (BufferPool pool = BufferPool.open(checked)) {
      lost = pool.acquire(512);
    }
    lost.release();
  }

  private static void turn(DispatchMode dispatch) throws Exception {
    var config =
        LoopConfig.builder()
            .dispatch(dispatch)
            .taskQueueCapacity(1)
            .stallThreshold(Duration.ofHours(1));
    try (EventLoop loop = EventLoop.open(config.build())) {
      loop.execute(() -> {});
      try {
        loop.execute(() -> {});
        throw new AssertionError("accepted");
      } catch (RejectedExecutionException e) {
        require(loop.metrics().tasks().rejected() == 1);
      }
      UnixStream.Pair pair = UnixStream.pair();
      loop.register(pair.second(), Interest.NONE, (mine, readiness) -> {});
      loop.register(pair.first(), Interest.WRITABLE, (mine, readiness) -> mine.loop().stop());
      loop.run();
      require(loop.metrics().events().dispatched() > 0);
    }
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new AssertionError();
    }
  }
}
