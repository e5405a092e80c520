package mill.sim.schedule;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/** The threads of one process, and how they wait: by turns, in the world's time. */
public final class SimThreads implements Threads {
  /** What a turn costs that only waits for another's. */
  private static final long SPIN_NS = 1_000;

  private final World world;
  private final SimProcess process;
  private final SplitMix64 schedule;
  private final List<Waiter> waiters;

  /**
   * Makes the threads' maker.
   *
   * @param world whose time it is
   * @param process whose threads they are
   */
  public SimThreads(World world, SimProcess process) {
    this.world = world;
    this.process = process;
    schedule = world.random("schedule");
    waiters = world.waiters();
  }

  @Override
  public Thread unstarted(String name, boolean daemon, Runnable body) {
    world.requireCurrent();
    return world.newThread(process, name, daemon, body);
  }

  @Override
  public boolean mayPoll(Thread thread) {
    SimThread known = world.find(thread);
    return known != null && known.process() == process;
  }

  @Override
  public void park(Object blocker, long timeoutNs) {
    SimThread self = world.requireCurrent();
    if (!self.permit && !Thread.currentThread().isInterrupted()) {
      sleep(timeoutNs, blocker, null);
    }
    self.permit = false;
  }

  @Override
  public void unpark(Thread thread) {
    SimThread parked = world.find(thread);
    if (parked == null) {
      LockSupport.unpark(thread);
      return;
    }
    parked.permit = true;
    if (parked.sleep == SimThread.Sleep.INTERRUPTIBLE) {
      world.wake(parked); // from another wait than park's, for no reason, as is allowed there
    }
  }

  private void sleep(long timeoutNs, Object blocker, @Nullable Object monitor) {
    world.sleep(until(timeoutNs), SimThread.Sleep.INTERRUPTIBLE, blocker, monitor);
  }

  private long until(long timeoutNs) {
    long nowNs = world.nowNs();
    return timeoutNs >= FOREVER - nowNs ? World.NEVER : nowNs + Math.max(0, timeoutNs);
  }

  @Override
  public void await(Object lock, long timeoutNs) throws InterruptedException {
    SimThread self = world.requireCurrent();
    requireMonitor(lock);
    throwIfInterrupted();
    var waiter = new Waiter(lock, self);
    waiters.add(waiter);
    try {
      sleep(timeoutNs, lock, lock);
    } finally {
      waiters.remove(waiter);
    }
    throwIfInterrupted();
  }

  private static void requireMonitor(Object lock) {
    if (!Thread.holdsLock(lock)) {
      throw new IllegalMonitorStateException("the calling thread does not hold " + lock);
    }
  }

  private static void throwIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  @Override
  public void signal(Object lock) {
    requireMonitor(lock);
    List<Waiter> candidates = waiters.stream().filter(waiter -> waiter.waitsIn(lock)).toList();
    if (!candidates.isEmpty()) {
      Waiter chosen = candidates.get(schedule.nextInt(candidates.size()));
      waiters.remove(chosen);
      world.wake(chosen.thread());
    }
  }

  @Override
  public void signalAll(Object lock) {
    requireMonitor(lock);
    for (Waiter waiter : List.copyOf(waiters)) {
      if (waiter.waitsIn(lock)) {
        waiters.remove(waiter);
        world.wake(waiter.thread());
      }
    }
  }

  @Override
  public boolean join(Thread thread, long timeoutNs) throws InterruptedException {
    SimThread self = world.requireCurrent();
    throwIfInterrupted();
    SimThread awaited = world.find(thread);
    if (awaited != null && thread.getState() != Thread.State.NEW) {
      long untilNs = until(timeoutNs);
      awaited.joiners.add(self);
      try {
        while (!awaited.ended && world.nowNs() < untilNs) {
          world.sleep(untilNs, SimThread.Sleep.INTERRUPTIBLE, thread, null);
          throwIfInterrupted();
        }
      } finally {
        awaited.joiners.remove(self);
      }
      if (!awaited.ended) {
        return false;
      }
    }
    // It has passed its turn on, and has nothing left to do but to end.
    thread.join();
    return true;
  }

  @Override
  public boolean await(CompletableFuture<?> future, long timeoutNs) throws InterruptedException {
    SimThread self = world.requireCurrent();
    throwIfInterrupted();
    long untilNs = until(timeoutNs);
    var _ = future.whenComplete((result, thrown) -> world.wake(self));
    while (!future.isDone() && world.nowNs() < untilNs) {
      world.sleep(untilNs, SimThread.Sleep.INTERRUPTIBLE, future, null);
      throwIfInterrupted();
    }
    return future.isDone();
  }

  @Override
  public void onSpinWait() {
    world.sleep(world.nowNs() + SPIN_NS);
  }

  @Override
  public CompletableFuture<Void> schedule(long delayNs, Runnable task) {
    var done = new CompletableFuture<Void>();
    Runnable takeBack =
        world.cancellable(
            until(delayNs),
            () -> world.newThread(process, "timer", true, () -> runScheduled(task, done)).start());
    var _ =
        done.whenComplete((result, thrown) -> {
          if (done.isCancelled()) {
            takeBack.run();
          }
        });
    return done;
  }

  private static void runScheduled(Runnable task, CompletableFuture<Void> done) {
    try {
      task.run();
      done.complete(null);
    } catch (Throwable thrown) {
      done.completeExceptionally(thrown);
      throw thrown;
    }
  }

  /** Tells the world, whose user decides whether it fails. */
  @Override
  public void threw(Throwable thrown) {
    if (!(thrown instanceof ProcessKilled)) {
      world.threw(thrown);
    }
  }

  @Override
  public int processors() {
    return process.processors();
  }

  /** {@return a time in the world's own words} */
  @Override
  public String toString() {
    return "SimThreads["
        + process.name()
        + ", "
        + TimeUnit.NANOSECONDS.toMicros(world.nowNs())
        + " us]";
  }
}
