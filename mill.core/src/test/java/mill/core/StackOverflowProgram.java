package mill.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.compute.ComputeMetrics;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.internal.TaskQueue;
import mill.testing.Await;

/**
 * Calls mill at each depth of a stack, from where it has no room at all, and sees whether it goes
 * on. A JVM that only interprets finds the end of its stack in every call; one that compiles makes
 * one frame of several calls, and finds it elsewhere.
 */
final class StackOverflowProgram {
  private static final long STACK_BYTES = 192 << 10;
  private static final int ROUNDS = 10;
  private static final int DEPTHS = 40;

  private record Deep(Runnable action, AtomicInteger overflows) {
    /** Some frames of another size before, so that the end comes elsewhere in a call. */
    void down(int shift) {
      if (shift > 0) {
        down(shift - 1);
      } else {
        down();
      }
    }

    @SuppressWarnings("InfiniteRecursion") // to the bottom of the stack, on purpose
    void down() {
      try {
        down();
      } catch (StackOverflowError e) {
        // This is the bottom.
      }
      try {
        action.run();
      } catch (StackOverflowError e) {
        overflows.incrementAndGet();
      } catch (RejectedExecutionException e) {
        // As many wait as may.
      }
    }
  }

  private StackOverflowProgram() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "queue" -> queue();
      case "timer" -> timer();
      case "loop" -> loop();
      case "offload" -> offload();
      case "pool" -> pool();
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.println("goes on");
  }

  private static void atEveryDepth(Runnable action) throws Exception {
    action.run(); // a class that is initialized where there is no room is lost for the whole JVM
    var deep = new Deep(action, new AtomicInteger());
    for (int round = 0; round < ROUNDS; round++) {
      int shift = round;
      var thread = new Thread(null, () -> deep.down(shift), "deep", STACK_BYTES);
      thread.start();
      thread.join();
    }
    require(deep.overflows.get() > 0, "nothing was tried");
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  private static void queue() throws Exception {
    var queue = new TaskQueue(1 << 16);
    Runnable task = () -> {};
    atEveryDepth(() -> queue.offer(task));
    int waiting = queue.size();
    for (int i = 0; i < waiting; i++) {
      require(task.equals(queue.poll()), "place " + i + " of " + waiting + " is empty");
    }
    require(queue.isEmpty(), "there is more");
  }

  // A timer for each depth: one that is on its way to the loop already needs no bringing.
  private static void timer() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopRunner.startAndAwait(loop);
      var ran = new AtomicInteger();
      Queue<Timeout> timers = new ConcurrentLinkedQueue<>();
      CountDownLatch held = LoopRunner.hold(loop);
      atEveryDepth(() -> {
        Timeout timer = loop.newTimeout(ran::incrementAndGet);
        timers.add(timer);
        timer.reschedule(Duration.ofHours(1));
      });
      held.countDown();
      LoopRunner.hold(loop).countDown(); // it has been through its inbox
      timers.forEach(timer -> timer.reschedule(Duration.ZERO));
      Await.eventually("all timers run", () -> ran.get() == timers.size());
    }
  }

  private static void loop() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      var ran = new AtomicInteger();
      atEveryDepth(() -> loop.execute(ran::incrementAndGet));
      atEveryDepth(() -> {
        var _ = loop.offload(Runnable::run, ran::incrementAndGet);
      });
      atEveryDepth(() -> loop.schedule(Duration.ZERO, ran::incrementAndGet).cancel());
      var after = new CountDownLatch(1);
      loop.execute(after::countDown);
      Await.await(after);
      runner.stopAndJoin();
      require(ran.get() > 0, "nothing was run");
    }
  }

  // What could not be handed over has not been settled either: it can be tried again.
  private static void offload() throws Exception {
    var config = LoopConfig.builder().maxOffloads(1 << 15).build();
    try (EventLoop loop = EventLoop.open(config)) {
      LoopRunner.startAndAwait(loop);
      var futures = new ArrayList<CompletableFuture<Integer>>();
      for (int i = 0; i < 1 << 15; i++) {
        futures.add(loop.offload(work -> {}, () -> 0));
      }
      var next = new AtomicInteger();
      atEveryDepth(() -> {
        int i = next.get();
        if (i < futures.size()) {
          next.set(i + 1);
          futures.get(i).complete(1);
        }
      });
      futures.forEach(future -> future.complete(2));
      Await.eventually(
          "all are complete", () -> futures.stream().allMatch(CompletableFuture::isDone));
    }
  }

  /** Calls at one depth only, counted from where there is no room at all. */
  private static final class AtOneDepth {
    private final Runnable action;
    private int above;

    void down(int shift) {
      if (shift > 0) {
        down(shift - 1);
      } else {
        down();
      }
    }

    AtOneDepth(Runnable action, int above) {
      this.action = action;
      this.above = above;
    }

    @SuppressWarnings("InfiniteRecursion") // to the bottom of the stack, on purpose
    void down() {
      try {
        down();
      } catch (StackOverflowError e) {
        // This is the bottom.
      }
      if (above-- == 0) {
        try {
          action.run();
        } catch (StackOverflowError e) {
          // So deep.
        }
      }
    }
  }

  // One that has been taken off the list of the idle is woken, by a later call if not by this one.
  private static void pool() throws Exception {
    int threads = 4;
    var config = ComputePoolConfig.builder().threads(threads).build();
    try (ComputePool pool = ComputePool.open(config)) {
      atEveryDepth(() -> pool.execute(() -> {}));
      for (int i = 0; i < DEPTHS * ROUNDS; i++) {
        Await.eventually("all are idle", () -> isIdle(pool));
        var deep = new AtOneDepth(() -> pool.execute(() -> {}), i / ROUNDS);
        int shift = i % ROUNDS;
        var thread = new Thread(null, () -> deep.down(shift), "deep", STACK_BYTES);
        thread.start();
        thread.join();
      }
      for (int i = 0; i < ROUNDS; i++) {
        var together = new CyclicBarrier(threads + 1);
        for (int j = 0; j < threads; j++) {
          pool.execute(() -> pass(together));
        }
        pass(together);
      }
    }
  }

  private static boolean isIdle(ComputePool pool) {
    ComputeMetrics metrics = pool.metrics();
    return metrics.active() == 0 && metrics.queued() == 0;
  }

  private static void pass(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
