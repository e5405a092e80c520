package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import mill.core.internal.TaskQueue;
import mill.natives.platform.Threads;

/** What tests of a pool of workers have in common. */
final class WorkerPools {
  private WorkerPools() {}

  /** What a worker is given. */
  static final class Item extends SerialCalls {
    final int number;

    Item(int number) {
      this.number = number;
    }

    @Override
    void fire(int events) {}

    @Override
    boolean reported(int events) {
      return schedule(events);
    }

    @Override
    void rearm() {}

    @Override
    void call(Runnable task) {}

    @Override
    void callOnClosed(CloseReason reason) {}

    @Override
    TaskQueue.Offer offer(Runnable task) {
      return TaskQueue.Offer.CLOSED;
    }

    @Override
    TaskQueue tasks() {
      return null;
    }

    @Override
    void completeQuiet() {}
  }

  static WorkerPool<Item> pool(int workers, Consumer<Item> work) {
    return pool(workers, Threads.system(), work);
  }

  static WorkerPool<Item> pool(int workers, Threads threads, Consumer<Item> work) {
    return new WorkerPool<>(workers, "pool", threads, work);
  }

  /** Waits until all that are to come have come. */
  static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Stops it, and waits until its threads have ended. */
  static void end(WorkerPool<?> pool) {
    pool.stop();
    long start = System.nanoTime();
    while (!pool.awaitEnd()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
    }
  }
}
