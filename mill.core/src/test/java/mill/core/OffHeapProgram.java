package mill.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import mill.natives.Interest;
import mill.natives.memory.BufferPool;
import mill.natives.memory.PooledBuffer;
import mill.testnet.Net;

/**
 * Runs so many loops as its argument says, one after the other, each with a connection, a buffer
 * pool, timers and offloaded work, and shuts each down. What is off the heap at its end is for the
 * virtual machine to tell.
 */
final class OffHeapProgram {
  private OffHeapProgram() {}

  public static void main(String[] arguments) throws Exception {
    for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
      cycle();
    }
  }

  private static void cycle() throws Exception {
    try (BufferPool pool = BufferPool.open();
        EventLoop loop = EventLoop.open();
        Net.TcpPair pair = Net.tcpPair()) {
      loop.schedule(Duration.ofHours(1), () -> {});
      loop.register(
          pair.server(),
          Interest.READABLE,
          (mine, readiness) -> {
            PooledBuffer buffer = pool.acquire(4_096);
            pair.server().read(buffer.segment());
            buffer.release();
            CompletableFuture<Integer> one = mine.loop().offload(Runnable::run, () -> 1);
            CompletableFuture<Void> asked =
                one.thenAccept(result -> mine.loop().shutdown(Duration.ofMinutes(1)));
            if (asked.isDone()) {
              throw new AssertionError("not on the loop's thread");
            }
          });
      Net.poke(pair.client());
      loop.run();
    }
  }
}
