package mill.natives.platform;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs things later that are hardly ever still wanted then. Any thread.
 *
 * <p>One thread of its own for all of them, which ends when none is left. The JDK's timers wake
 * their thread for each that is set and again for each that is taken back, which costs more than
 * what the alarm is for, a loop's end. This one looks by itself every now and then, so it need only
 * be woken for what is due before that.
 */
final class Alarms {
  /** How long it sleeps at most, and stays when there is nothing more to do. */
  static final long LOOK_EVERY_NS = 500_000_000;

  static final Alarms ALL = new Alarms();

  private static final String NAME = "mill-alarms";

  private final Object lock = new Object();

  // In the order of their setting, for those that are due at the same time.
  @GuardedBy("lock")
  private final LinkedHashSet<Alarm> set = new LinkedHashSet<>();

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private long nextLookNs;

  private Alarms() {}

  /** Completes as its task has run. */
  private static final class Alarm extends CompletableFuture<Void> {
    private final Alarms alarms;
    private final long dueNs;
    private volatile @Nullable Runnable task; // null when it has run or was taken back

    Alarm(Alarms alarms, long dueNs, Runnable task) {
      this.alarms = alarms;
      this.dueNs = dueNs;
      this.task = task;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      task = null;
      alarms.remove(this);
      return super.cancel(mayInterruptIfRunning);
    }

    void run() {
      Runnable due = task;
      task = null;
      if (due == null) {
        return;
      }
      try {
        due.run();
        complete(null);
      } catch (Throwable thrown) {
        completeExceptionally(thrown);
      }
    }
  }

  /** Sets one: {@link Threads#schedule}. */
  CompletableFuture<Void> set(long delayNs, Runnable task) {
    long nowNs = System.nanoTime();
    var alarm = new Alarm(this, nowNs + Math.clamp(delayNs, 0, Long.MAX_VALUE >> 1), task);
    boolean done = false;
    synchronized (lock) {
      try {
        set.add(alarm);
        if (!running) {
          start(nowNs);
        } else if (alarm.dueNs - nextLookNs < 0) {
          lock.notifyAll();
        }
        done = true;
      } finally {
        if (!done) {
          set.remove(alarm);
        }
      }
    }
    return alarm;
  }

  private void remove(Alarm alarm) {
    synchronized (lock) {
      set.remove(alarm);
    }
  }

  @GuardedBy("lock")
  private void start(long nowNs) {
    assert Thread.holdsLock(lock);
    Thread.ofPlatform().name(NAME).daemon(true).start(this::run);
    running = true; // not if there is no thread to be had
    nextLookNs = nowNs; // it looks first of all
  }

  private void run() {
    boolean over = false;
    try {
      List<Alarm> due;
      while ((due = awaitDue()) != null) {
        due.forEach(Alarm::run);
      }
      over = true;
    } finally {
      if (!over) {
        giveUp();
      }
    }
  }

  // Memory is short, for instance: the next one that is set has a thread again.
  private void giveUp() {
    synchronized (lock) {
      running = false;
    }
  }

  /** What is due, perhaps nothing yet; null when nothing has been left for a while. */
  private @Nullable List<Alarm> awaitDue() {
    synchronized (lock) {
      boolean wasEmpty = set.isEmpty();
      long nowNs = System.nanoTime();
      long sleepNs = LOOK_EVERY_NS;
      for (Alarm alarm : set) {
        sleepNs = Math.min(sleepNs, alarm.dueNs - nowNs);
      }
      if (sleepNs > 0) {
        nextLookNs = nowNs + sleepNs;
        sleep(sleepNs);
      }
      if (wasEmpty && set.isEmpty()) {
        running = false;
        return null;
      }
      return takeDue(System.nanoTime());
    }
  }

  @GuardedBy("lock")
  private List<Alarm> takeDue(long nowNs) {
    assert Thread.holdsLock(lock);
    var due = new ArrayList<Alarm>();
    for (Alarm alarm : set) {
      if (alarm.dueNs - nowNs <= 0) {
        due.add(alarm);
      }
    }
    set.removeAll(due);
    return due;
  }

  @GuardedBy("lock")
  @SuppressWarnings("WaitNotInLoop") // who calls looks at everything anew
  private void sleep(long ns) {
    assert Thread.holdsLock(lock);
    try {
      TimeUnit.NANOSECONDS.timedWait(lock, ns);
    } catch (InterruptedException e) {
      // Nobody has reason to; it looks around, which does no harm.
    }
  }

  /** Whether its thread is there. For tests. */
  boolean isRunning() {
    synchronized (lock) {
      return running;
    }
  }

  /** Whether one is set that {@link #set} gave. For tests. */
  boolean holds(CompletableFuture<Void> alarm) {
    synchronized (lock) {
      return set.stream().anyMatch(one -> one == alarm);
    }
  }
}
