package mill.natives.platform;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of the JDK: platform threads, monitors, and the timers of {@link CompletableFuture}.
 */
final class SystemThreads implements Threads {
  static final SystemThreads INSTANCE = new SystemThreads();

  private SystemThreads() {}

  @Override
  public Thread unstarted(String name, boolean daemon, Runnable body) {
    return Thread.ofPlatform().name(name).daemon(daemon).unstarted(body);
  }

  // A thread in the kernel holds its carrier.
  @Override
  public boolean mayPoll(Thread thread) {
    return !thread.isVirtual();
  }

  @Override
  public void park(Object blocker, long timeoutNs) {
    if (timeoutNs == FOREVER) {
      LockSupport.park(blocker);
    } else {
      LockSupport.parkNanos(blocker, timeoutNs);
    }
  }

  @Override
  public void unpark(Thread thread) {
    LockSupport.unpark(thread);
  }

  @Override
  @SuppressWarnings("WaitNotInLoop") // the caller's
  public void await(Object lock, long timeoutNs) throws InterruptedException {
    if (timeoutNs == FOREVER) {
      lock.wait();
    } else {
      TimeUnit.NANOSECONDS.timedWait(lock, timeoutNs);
    }
  }

  @Override
  public void signal(Object lock) {
    lock.notify();
  }

  @Override
  public void signalAll(Object lock) {
    lock.notifyAll();
  }

  @Override
  public boolean join(Thread thread, long timeoutNs) throws InterruptedException {
    if (timeoutNs == FOREVER) {
      thread.join();
    } else {
      TimeUnit.NANOSECONDS.timedJoin(thread, timeoutNs);
    }
    return !thread.isAlive();
  }

  @Override
  public boolean await(CompletableFuture<?> future, long timeoutNs) throws InterruptedException {
    try {
      if (timeoutNs == FOREVER) {
        future.get();
      } else {
        future.get(timeoutNs, TimeUnit.NANOSECONDS);
      }
      return true;
    } catch (ExecutionException | java.util.concurrent.CancellationException e) {
      return true; // done, and its outcome is the caller's to look at
    } catch (TimeoutException e) {
      return false;
    }
  }

  @Override
  public void onSpinWait() {
    Thread.onSpinWait();
  }

  @Override
  @SuppressWarnings("ThreadPriorityCheck") // who asks for it knows what depends on the scheduler
  public void yieldProcessor() {
    Thread.yield();
  }

  @Override
  public CompletableFuture<Void> schedule(long delayNs, Runnable task) {
    var timer = new CompletableFuture<Void>();
    CompletableFuture<Void> ran =
        timer.completeOnTimeout(null, delayNs, TimeUnit.NANOSECONDS).thenRun(task);
    // Or a timer that was cancelled would keep its task until its time.
    var _ = ran.whenComplete((nothing, thrown) -> timer.cancel(false));
    return ran;
  }

  @Override
  public int processors() {
    return Runtime.getRuntime().availableProcessors();
  }
}
