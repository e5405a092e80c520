package mill.core.internal.timer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import mill.core.Timeout;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** Other threads change timers that a loop is just firing. Real threads, the real clock. */
class TimeoutRaceTest {
  private static final int THREADS = 3;
  private static final int EACH = 100_000;
  private static final long STRESS_NS = TimeUnit.SECONDS.toNanos(2);

  /** As a loop sleeps and is woken, with nothing but timers. */
  private static final class TimerLoop {
    final LoopTimers timers =
        new LoopTimers(
            System::nanoTime,
            1,
            this::isOwner,
            this::wakeIfAsleep,
            uncaught -> this.thrown = uncaught);
    final FutureTask<Long> running = Await.inBackground("timers", this::run);
    volatile boolean stopping;
    volatile boolean asleep;
    volatile Thread owner;
    volatile Throwable thrown;

    private long run() {
      owner = Thread.currentThread();
      while (!stopping) {
        timers.drainInbox();
        timers.advance(64);
        long delayNs = timers.nextDelayNs();
        asleep = true;
        if (delayNs != 0 && !timers.hasInbox() && !stopping) {
          if (delayNs < 0) {
            LockSupport.park();
          } else {
            LockSupport.parkNanos(delayNs);
          }
        }
        asleep = false;
      }
      return timers.close();
    }

    private boolean isOwner() {
      return Thread.currentThread() == owner;
    }

    private void wakeIfAsleep() {
      if (asleep) {
        LockSupport.unpark(owner);
      }
    }

    /** Ends the loop. How many timers were still scheduled. */
    long stop() throws Exception {
      stopping = true;
      while (owner == null) {
        Thread.onSpinWait();
      }
      LockSupport.unpark(owner);
      long cancelled = Await.outcome(running);
      assertThat(thrown).isNull();
      return cancelled;
    }
  }

  /** What a thread did. */
  private record Done(long armed, long cancelled, long rejected) {}

  private static Done total(List<FutureTask<Done>> threads) throws Exception {
    long armed = 0;
    long cancelled = 0;
    long rejected = 0;
    for (FutureTask<Done> thread : threads) {
      Done done = Await.outcome(thread);
      armed += done.armed;
      cancelled += done.cancelled;
      rejected += done.rejected;
    }
    return new Done(armed, cancelled, rejected);
  }

  private static void awaitNone(LoopTimers timers) {
    long start = System.nanoTime();
    while (timers.size() > 0) {
      assertThat(System.nanoTime() - start).as("a timer was lost").isLessThan(Await.PATIENCE_NS);
      Thread.onSpinWait();
    }
  }

  @Test
  void everyTimerOfManyThreadsRunsOnceOrIsCancelledOnce() throws Exception {
    var loop = new TimerLoop();
    var runs = new AtomicLong();
    var early = new AtomicLong();
    var threads = new ArrayList<FutureTask<Done>>();
    for (int t = 0; t < THREADS; t++) {
      var random = new Random(t);
      threads.add(
          Await.inBackground(
              "changes " + t,
              () -> {
                long cancelled = 0;
                for (int i = 0; i < EACH; i++) {
                  long delayNs = random.nextInt(50_000);
                  long dueNs = System.nanoTime() + delayNs;
                  var timeout =
                      loop.timers.newTimeout(() -> {
                        runs.getAndIncrement();
                        if (System.nanoTime() - dueNs < 0) {
                          early.getAndIncrement();
                        }
                      });
                  timeout.rescheduleNs(delayNs);
                  if (random.nextBoolean() && timeout.cancel()) {
                    cancelled++;
                  }
                }
                return new Done(EACH, cancelled, 0);
              }));
    }
    Done done = total(threads);
    awaitNone(loop.timers);
    assertThat(loop.stop()).isZero();
    assertThat(runs.get() + done.cancelled).isEqualTo(done.armed);
    assertThat(loop.timers.fired()).isEqualTo(runs.get());
    assertThat(early).hasValue(0);
  }

  // All fight for the same few handles, and so do their tasks: whoever arms an idle one accounts
  // for it, and so does whoever ends it.
  @Test
  void handlesThatManyThreadsShareKeepTheirAccounts() throws Exception {
    var loop = new TimerLoop();
    Done done = total(fight(handles(loop), EACH));
    awaitNone(loop.timers);
    assertThat(loop.stop()).isZero();
    assertThat(loop.timers.fired() + done.cancelled).isEqualTo(done.armed);
    assertThat(done.rejected).isZero();
  }

  @Test
  void closeAmongChangesLeavesNothingBehind() throws Exception {
    long start = System.nanoTime();
    // More threads than processors: a round takes as long as the scheduler wants.
    for (int round = 0; round < 500 && System.nanoTime() - start < STRESS_NS; round++) {
      var loop = new TimerLoop();
      var handles = handles(loop);
      var threads = fight(handles, Integer.MAX_VALUE);
      while (loop.timers.fired() < round % 50) {
        Thread.onSpinWait();
      }
      long closed = loop.stop();
      Done done = total(threads);
      assertThat(done.rejected).isEqualTo(THREADS);
      assertThat(handles).noneMatch(Timeout::isScheduled);
      assertThat(loop.timers.size()).isZero();
      // A thread that is refused takes the timer with it that it was changing.
      assertThat(loop.timers.fired() + done.cancelled + closed)
          .isBetween(done.armed - THREADS, done.armed);
    }
  }

  private static List<Timeout> handles(TimerLoop loop) {
    var handles = new ArrayList<Timeout>();
    for (int i = 0; i < 8; i++) {
      handles.add(loop.timers.newTimeout(() -> {}));
    }
    return handles;
  }

  // Ends after so many changes, or when it is refused.
  private static List<FutureTask<Done>> fight(List<Timeout> handles, int changes) {
    var threads = new ArrayList<FutureTask<Done>>();
    for (int t = 0; t < THREADS; t++) {
      var random = new Random(t);
      Callable<Done> work =
          () -> {
            long armed = 0;
            long cancelled = 0;
            for (int i = 0; i < changes; i++) {
              Timeout timeout = handles.get(random.nextInt(handles.size()));
              if (random.nextInt(3) == 0) {
                cancelled += timeout.cancel() ? 1 : 0;
                continue;
              }
              try {
                armed += timeout.rescheduleNs(random.nextInt(20_000)) ? 0 : 1;
              } catch (RejectedExecutionException e) {
                return new Done(armed, cancelled, 1);
              }
            }
            return new Done(armed, cancelled, 0);
          };
      threads.add(Await.inBackground("fights " + t, work));
    }
    return threads;
  }
}
