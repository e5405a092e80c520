package mill.natives.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** What the JDK's threads make of the calls of {@link Threads}. */
class SystemThreadsTest {
  private static final long HOUR_NS = TimeUnit.HOURS.toNanos(1);

  private final Threads threads = Threads.system();

  @Test
  void threadHasItsNameAndIsADaemonOrNot() {
    Thread daemon = threads.unstarted("some daemon", true, () -> {});
    assertThat(daemon.getName()).isEqualTo("some daemon");
    assertThat(daemon.isDaemon()).isTrue();
    assertThat(daemon.isVirtual()).isFalse();
    assertThat(daemon.getState()).isEqualTo(Thread.State.NEW);
    assertThat(threads.unstarted("other", false, () -> {}).isDaemon()).isFalse();
  }

  @Test
  void virtualThreadMustNotPoll() {
    assertThat(threads.mayPoll(Thread.currentThread())).isTrue();
    assertThat(threads.mayPoll(Thread.ofVirtual().unstarted(() -> {}))).isFalse();
  }

  @Test
  void unparkingEndsAPark() throws Exception {
    var parked = new CountDownLatch(1);
    Thread thread =
        threads.unstarted(
            "parks",
            true,
            () -> {
              threads.park(this, Threads.FOREVER);
              parked.countDown();
            });
    thread.start();
    Await.state(thread, Thread.State.WAITING);
    threads.unpark(thread);
    Await.await(parked);
    threads.unpark(Thread.currentThread());
    threads.park(this, HOUR_NS); // not at all: unparked before
  }

  @Test
  void parkAndWaitEndWithTheirTime() throws Exception {
    threads.park(this, 1);
    synchronized (this) {
      threads.await(this, 1);
    }
    assertThat(threads.await(new CompletableFuture<>(), 1)).isFalse();
    assertThat(threads.join(Thread.currentThread(), 1)).isFalse();
  }

  @Test
  void signalWakesOneAndSignalAllTheOthers() throws Exception {
    var lock = new Object();
    var woken = new AtomicInteger();
    var waiting = new Thread[3];
    for (int i = 0; i < waiting.length; i++) {
      waiting[i] = threads.unstarted("waits " + i, true, () -> waitOnce(lock, woken));
      waiting[i].start();
    }
    for (Thread thread : waiting) {
      Await.state(thread, Thread.State.WAITING);
    }
    synchronized (lock) {
      threads.signal(lock);
    }
    Await.eventually("one is woken", () -> woken.get() == 1);
    synchronized (lock) {
      threads.signalAll(lock);
    }
    for (Thread thread : waiting) {
      assertThat(threads.join(thread, Threads.FOREVER)).isTrue();
    }
    assertThat(woken).hasValue(waiting.length);
  }

  private void waitOnce(Object lock, AtomicInteger woken) {
    synchronized (lock) {
      try {
        threads.await(lock, Threads.FOREVER);
      } catch (InterruptedException e) {
        return;
      }
      woken.incrementAndGet();
    }
  }

  @Test
  void threadThatWasNeverStartedIsNotWaitedFor() throws Exception {
    Thread thread = threads.unstarted("never", true, () -> {});
    assertThat(threads.join(thread, Threads.FOREVER)).isTrue();
    assertThat(threads.join(thread, HOUR_NS)).isTrue();
  }

  @Test
  void futureIsWaitedForWhateverItsOutcome() throws Exception {
    assertThat(threads.await(CompletableFuture.completedFuture(1), Threads.FOREVER)).isTrue();
    var failed = CompletableFuture.failedFuture(new IllegalStateException());
    assertThat(threads.await(failed, Threads.FOREVER)).isTrue();
    var cancelled = new CompletableFuture<Void>();
    cancelled.cancel(false);
    assertThat(threads.await(cancelled, HOUR_NS)).isTrue();
  }

  @Test
  void interruptEndsTheWaits() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> threads.await(new CompletableFuture<>(), Threads.FOREVER))
        .isInstanceOf(InterruptedException.class);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> threads.join(Thread.currentThread(), HOUR_NS))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void timerRunsItsTask() throws Exception {
    var ran = new CountDownLatch(1);
    CompletableFuture<Void> timer = threads.schedule(1, ran::countDown);
    Await.await(ran);
    Await.done(timer);
  }

  /** Or a shutdown of a long time would keep its whole loop for so long. */
  @Test
  void timerThatIsTakenBackKeepsNothingOfItsTask() throws Exception {
    var task = new Task();
    CompletableFuture<Void> timer = threads.schedule(HOUR_NS, task);
    var reachable = new WeakReference<>(task);
    task = null;
    timer.cancel(false);
    Await.eventually(
        "the task is collected",
        () -> {
          System.gc();
          return reachable.get() == null;
        });
  }

  private static final class Task implements Runnable {
    @Override
    public void run() {
      throw new AssertionError("it was taken back");
    }
  }
}
