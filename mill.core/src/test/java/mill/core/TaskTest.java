package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import mill.natives.Interest;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testing.Threads;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 11, for tasks: a named bound, nothing lost, nothing twice, I/O keeps its turn. */
class TaskTest {
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void tasksRunOnTheLoopsThreadInTheOrderOfTheirSubmission(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var order = new ArrayList<Integer>();
      var onLoop = new AtomicBoolean(true);
      var done = new CountDownLatch(1);
      for (int i = 0; i < 5_000; i++) {
        int number = i;
        fake.loop.execute(() -> {
          order.add(number);
          onLoop.compareAndSet(true, fake.loop.isLoopThread());
        });
      }
      fake.loop.execute(done::countDown);
      fake.start();
      Await.await(done);
      assertThat(order).isEqualTo(IntStream.range(0, 5_000).boxed().toList());
      assertThat(onLoop).isTrue();
      assertThat(fake.loop.isLoopThread()).isFalse();
    }
  }

  @Test
  void queueRefusesMoreThanItsCapacityAndSaysWhatToDo() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().taskQueueCapacity(8))) {
      var ran = new AtomicInteger();
      for (int i = 0; i < 8; i++) {
        fake.loop.execute(ran::incrementAndGet);
      }
      assertThatThrownBy(() -> fake.loop.execute(ran::incrementAndGet))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("8 tasks wait already")
          .hasMessageContaining("taskQueueCapacity");
      fake.start();
      fake.settle();
      assertThat(ran).hasValue(8);
      fake.loop.execute(ran::incrementAndGet);
      fake.settle();
      assertThat(ran).hasValue(9);
    }
  }

  @Test
  void endedLoopRefusesTasksAndSaysSo() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      fake.stopAndJoin();
      assertThatThrownBy(() -> fake.loop.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("the loop has ended");
    }
  }

  // Accepted, it would leave a hole in the queue behind which everything waits for ever.
  @Test
  void missingTaskIsRefusedAndTheOthersRun() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      assertThatThrownBy(() -> fake.loop.execute(null)).isInstanceOf(NullPointerException.class);
      var ran = new CountDownLatch(1);
      fake.loop.execute(ran::countDown);
      Await.await(ran);
    }
  }

  @Test
  void throwingTaskReachesTheUncaughtHandlerAndTheLoopGoesOn() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var thrown = new IllegalStateException("planned");
      var error = new AssertionError("planned");
      fake.loop.execute(() -> {
        throw thrown;
      });
      fake.loop.execute(() -> {
        throw error;
      });
      var ran = new CountDownLatch(1);
      fake.loop.execute(ran::countDown);
      Await.await(ran);
      assertThat(fake.takeUncaught()).containsExactly(thrown, error);
    }
  }

  @Test
  void taskThatSubmitsItselfDoesNotStarveTheConnections() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().maxTasksPerTurn(4))) {
      var endless =
          new Runnable() {
            final AtomicBoolean wanted = new AtomicBoolean(true);
            final AtomicInteger runs = new AtomicInteger();

            @Override
            public void run() {
              runs.incrementAndGet();
              if (wanted.get()) {
                fake.loop.execute(this);
              }
            }
          };
      var runsSeen = new ArrayList<Integer>();
      var served = new CountDownLatch(50);
      FakePollable pollable = fake.platform.readablePollable();
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            runsSeen.add(endless.runs.get());
            served.countDown();
            if (served.getCount() == 0) {
              mine.close();
            }
          });
      fake.loop.execute(endless);
      fake.loop.execute(endless);
      fake.start();
      Await.await(served);
      endless.wanted.set(false);
      fake.settle();
      for (int i = 1; i < runsSeen.size(); i++) {
        assertThat(runsSeen.get(i) - runsSeen.get(i - 1)).isBetween(1, 4);
      }
    }
  }

  @Test
  void taskThatSubmitsItselfEndsWithTheLoop() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var refused = new AtomicInteger();
      fake.loop.execute(
          new Runnable() {
            @Override
            public void run() {
              try {
                fake.loop.execute(this);
              } catch (RejectedExecutionException e) {
                refused.incrementAndGet();
              }
            }
          });
      fake.stopAndJoin();
      assertThat(refused).hasValue(1);
    }
  }

  private static final class Flood {
    static final int PRODUCERS = 3;

    final int each;
    final EventLoop loop;
    final AtomicInteger rejected = new AtomicInteger();
    final AtomicInteger accepted = new AtomicInteger();
    final AtomicIntegerArray runs;
    final AtomicBoolean outOfOrder = new AtomicBoolean();
    private final int[] lastOfProducer = new int[PRODUCERS]; // the loop's thread alone
    private final AtomicInteger producers = new AtomicInteger();

    Flood(EventLoop loop, int each) {
      this.loop = loop;
      this.each = each;
      runs = new AtomicIntegerArray(PRODUCERS * each);
    }

    void produce() {
      int producer = producers.getAndIncrement();
      for (int i = 0; i < each; i++) {
        int sequence = i;
        try {
          loop.execute(() -> ran(producer, sequence));
          accepted.incrementAndGet();
        } catch (RejectedExecutionException e) {
          rejected.incrementAndGet();
        }
      }
    }

    private void ran(int producer, int sequence) {
      runs.incrementAndGet(producer * each + sequence);
      if (sequence < lastOfProducer[producer]) {
        outOfOrder.set(true);
      }
      lastOfProducer[producer] = sequence;
    }

    /** Once the loop has ended. */
    void check() {
      assertThat(accepted.get() + rejected.get()).isEqualTo(PRODUCERS * each);
      assertThat(outOfOrder).isFalse();
      int once = 0;
      for (int i = 0; i < runs.length(); i++) {
        assertThat(runs.get(i)).isLessThanOrEqualTo(1);
        once += runs.get(i);
      }
      assertThat(once).as("accepted tasks that ran").isEqualTo(accepted.get());
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void floodOfTasksIsAcceptedAndRunOrRejectedAndNeverLost(DispatchMode dispatch) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).taskQueueCapacity(256).maxTasksPerTurn(64);
    try (var fake = FakeLoop.open(config).start()) {
      var flood = new Flood(fake.loop, 100_000);
      Threads.together(Flood.PRODUCERS, flood::produce);
      fake.stopAndJoin();
      flood.check();
      assertThat(flood.accepted).hasPositiveValue();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void tasksThatRaceWithTheEndOfTheLoopRunOrAreRejected(DispatchMode dispatch) throws Exception {
    for (int round = 0; round < 300; round++) {
      var config = LoopConfig.builder().dispatch(dispatch).workers(1).taskQueueCapacity(1 << 12);
      try (var fake = FakeLoop.open(config).start()) {
        var flood = new Flood(fake.loop, 300);
        int ending = round % 3;
        FutureTask<Void> producers =
            Await.inBackground(
                "producers",
                () -> {
                  Threads.together(Flood.PRODUCERS, flood::produce);
                  return null;
                });
        while (flood.accepted.get() < 50) {
          Thread.onSpinWait();
        }
        switch (ending) {
          case 0 -> fake.loop.stop();
          case 1 -> fake.loop.close();
          default -> fake.loop.execute(fake.loop::close);
        }
        fake.runner().join();
        Await.outcome(producers);
        flood.check();
      }
    }
  }

  @Test
  void tasksOfALoopThatNeverRanRunAsItIsClosed() throws Exception {
    for (int round = 0; round < 100; round++) {
      try (var fake = FakeLoop.open(LoopConfig.builder().taskQueueCapacity(1 << 12))) {
        var flood = new Flood(fake.loop, 200);
        FutureTask<Void> producers =
            Await.inBackground(
                "producers",
                () -> {
                  Threads.together(Flood.PRODUCERS, flood::produce);
                  return null;
                });
        while (flood.accepted.get() < 50) {
          Thread.onSpinWait();
        }
        fake.loop.close();
        Await.outcome(producers);
        flood.check();
      }
    }
  }

  // Without a timeout, a lost wake-up is a stall for ever; the watchdog is the patience of the
  // latch.
  @Test
  void noWakeUpIsLostBetweenTwoLoops() throws Exception {
    try (EventLoop ping = EventLoop.open();
        EventLoop pong = EventLoop.open()) {
      playPingPong(ping, pong, 60_000);
    }
  }

  @Test
  void noWakeUpIsLostInMemory() throws Exception {
    try (var ping = FakeLoop.open();
        var pong = FakeLoop.open()) {
      playPingPong(ping.loop, pong.loop, 100_000);
    }
  }

  private static void playPingPong(EventLoop ping, EventLoop pong, int rounds) throws Exception {
    var left = new AtomicInteger(rounds);
    var over = new CountDownLatch(1);
    var ball =
        new Runnable() {
          @Override
          public void run() {
            if (left.decrementAndGet() > 0) {
              (ping.isLoopThread() ? pong : ping).execute(this);
            } else {
              over.countDown();
            }
          }
        };
    LoopRunner pings = LoopRunner.start(ping);
    LoopRunner pongs = LoopRunner.start(pong);
    ping.execute(ball);
    awaitProgress(over, left);
    pings.stopAndJoin();
    pongs.stopAndJoin();
    assertThat(pings.uncaught()).isEmpty();
    assertThat(pongs.uncaught()).isEmpty();
  }

  /** Waits as long as the game goes on. */
  private static void awaitProgress(CountDownLatch over, AtomicInteger left) throws Exception {
    int before = left.get();
    while (!over.await(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)) {
      int now = left.get();
      if (now == before) {
        throw new AssertionError("stalled with " + now + " rounds left");
      }
      before = now;
    }
  }

  @Test
  void noWakeUpIsLostWhenTheLoopFallsAsleepJustThen() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopRunner runner = LoopRunner.start(loop);
      var ran = new AtomicLong();
      Thread waiting = Thread.currentThread();
      for (int round = 1; round <= 100_000; round++) {
        for (int i = round % 64; i > 0; i--) {
          Thread.onSpinWait();
        }
        loop.execute(() -> {
          ran.incrementAndGet();
          LockSupport.unpark(waiting);
        });
        long start = System.nanoTime();
        while (ran.get() < round) {
          Await.requirePatience(start, "task " + round + " never ran");
          LockSupport.parkNanos(this, Await.PATIENCE_NS);
        }
      }
      runner.stopAndJoin();
    }
  }

  @Test
  void tasksOfAWorkersHandlerWakeTheLoop() throws Exception {
    try (EventLoop loop =
        EventLoop.open(LoopConfig.builder().dispatch(DispatchMode.WORKERS).build())) {
      UnixStream.Pair pair = UnixStream.pair();
      var ran = new CountDownLatch(1_000);
      loop.register(
          pair.first(),
          Interest.READABLE,
          (mine, readiness) ->
              loop.execute(() -> {
                ran.countDown();
                if (ran.getCount() == 0) {
                  mine.close();
                }
              }));
      LoopRunner runner = LoopRunner.start(loop);
      Net.poke(pair.second());
      Await.await(ran);
      runner.stopAndJoin();
      pair.second().close();
    }
  }

  // A worker's handler may wait for a task while the loop ends; the loop waits for the worker.
  @Test
  void tasksStillRunWhileTheLoopWaitsForItsWorkersToEnd() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var pollable = fake.platform.readablePollable()) {
      var started = new CountDownLatch(1);
      var ended = new CountDownLatch(1);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (mine, readiness) -> {
            Await.await(started);
            fake.loop.stop();
            // A loop in memory sleeps without a timeout; waiting for its workers, it has one.
            Await.state(fake.runner().thread(), Thread.State.TIMED_WAITING);
            var ran = new CountDownLatch(1);
            fake.loop.execute(ran::countDown);
            Await.await(ran);
            pollable.ready(0);
            ended.countDown();
          });
      fake.start();
      started.countDown();
      Await.await(ended);
      fake.runner().join();
    }
  }
}
