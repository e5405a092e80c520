package mill.core;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import mill.natives.platform.Threads;
import mill.testing.Await;

/**
 * The JDK's threads, but for the sleep of a loop whose workers poll: a fake that follows the
 * platform's clock, as {@link FakePoller}'s waits do. One such loop at a time.
 *
 * <p>Everything is guarded by the platform.
 */
public final class FakeSleep implements Threads {
  private final Threads delegate = Threads.system();
  private final FakePlatform platform;
  private final Set<Thread> permits = new HashSet<>();
  private boolean asleep;
  private boolean waitsUntilTime;
  private long waitEndNs;

  FakeSleep(FakePlatform platform) {
    this.platform = platform;
  }

  // ---- what tests ask it

  /** Waits until the loop's thread sleeps: how long it still does, negative for without end. */
  public long sleepNs() {
    synchronized (platform) {
      awaitAsleep(() -> true);
      return waitsUntilTime ? waitEndNs - platform.nanoTime() : -1;
    }
  }

  /** Waits until the loop's thread sleeps, and something else holds. */
  public void awaitAsleep(BooleanSupplier also) {
    long end = System.nanoTime() + Await.PATIENCE_NS;
    synchronized (platform) {
      while (!asleep || !also.getAsBoolean()) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (leftMs <= 0) {
          throw Await.hung("asleep", null);
        }
        try {
          platform.wait(leftMs);
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  /** The virtual clock has moved: a sleep that is over by now ends. */
  void timePassed() {
    if (asleep && waitsUntilTime && platform.nanoTime() - waitEndNs >= 0) {
      wake();
    }
  }

  private void wake() {
    asleep = false; // until the loop has looked again
    platform.notifyAll();
  }

  // ---- Threads

  @Override
  public void park(Object blocker, long timeoutNs) {
    if (blocker instanceof WorkerEvents<?>) {
      sleep(timeoutNs);
    } else {
      delegate.park(blocker, timeoutNs);
    }
  }

  private void sleep(long timeoutNs) {
    synchronized (platform) {
      waitsUntilTime = timeoutNs != FOREVER;
      waitEndNs = platform.nanoTime() + timeoutNs;
      try {
        while (!permits.remove(Thread.currentThread())) {
          long leftNs = waitsUntilTime ? waitEndNs - platform.nanoTime() : FOREVER;
          if (leftNs <= 0) {
            return;
          }
          asleep = true;
          platform.notifyAll();
          boolean untilTold = !waitsUntilTime || platform.isVirtual();
          platform.wait(untilTold ? 0 : TimeUnit.NANOSECONDS.toMillis(leftNs) + 1);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // ends it, as it ends a park
      } finally {
        asleep = false;
      }
    }
  }

  @Override
  public void unpark(Thread thread) {
    synchronized (platform) {
      permits.add(thread);
      wake();
    }
    delegate.unpark(thread);
  }

  @Override
  public Thread unstarted(String name, boolean daemon, Runnable body) {
    return delegate.unstarted(name, daemon, body);
  }

  @Override
  public boolean mayPoll(Thread thread) {
    return delegate.mayPoll(thread);
  }

  @Override
  public void await(Object lock, long timeoutNs) throws InterruptedException {
    delegate.await(lock, timeoutNs);
  }

  @Override
  public void signal(Object lock) {
    delegate.signal(lock);
  }

  @Override
  public void signalAll(Object lock) {
    delegate.signalAll(lock);
  }

  @Override
  public boolean join(Thread thread, long timeoutNs) throws InterruptedException {
    return delegate.join(thread, timeoutNs);
  }

  @Override
  public boolean await(CompletableFuture<?> future, long timeoutNs) throws InterruptedException {
    return delegate.await(future, timeoutNs);
  }

  @Override
  public void onSpinWait() {
    delegate.onSpinWait();
  }

  @Override
  public void yieldProcessor() {
    delegate.yieldProcessor();
  }

  @Override
  public CompletableFuture<Void> schedule(long delayNs, Runnable task) {
    return delegate.schedule(delayNs, task);
  }

  @Override
  public int processors() {
    return delegate.processors();
  }
}
