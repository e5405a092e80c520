package mill.natives.platform;

import java.util.concurrent.CompletableFuture;

/**
 * The threads of a platform, and every way in which they wait for each other: the JDK's own, unless
 * the platform has a time of its own and runs its threads by turns, as a simulation does.
 *
 * <p>What mill starts and what mill waits for goes through here, but for waits in the poller. All
 * may be called from any thread. A time is in nanoseconds of {@link Platform#nanoTime}.
 */
public interface Threads {
  /** A time that never passes. */
  long FOREVER = Long.MAX_VALUE;

  /** {@return the JDK's own threads and waits, always the same} */
  static Threads system() {
    return SystemThreads.INSTANCE;
  }

  /**
   * Makes a thread; {@link Thread#start()} starts it.
   *
   * @param name its name
   * @param daemon whether the JVM may end without it
   * @param body what it runs
   * @return the thread
   */
  Thread unstarted(String name, boolean daemon, Runnable body);

  /**
   * Tells whether a thread may wait in the platform's pollers.
   *
   * @param thread the thread
   * @return false if that would hold up others
   */
  boolean mayPoll(Thread thread);

  /**
   * Waits until {@link #unpark}, as {@link java.util.concurrent.locks.LockSupport} does: also for
   * no reason, and not at all if unparked before or interrupted.
   *
   * @param blocker what is waited for, for those who look
   * @param timeoutNs how long at most, or {@link #FOREVER}
   */
  void park(Object blocker, long timeoutNs);

  /**
   * Ends the wait of a thread, or its next one.
   *
   * @param thread the thread
   */
  void unpark(Thread thread);

  /**
   * Waits for {@link #signal} or {@link #signalAll}, as {@link Object#wait(long)} does: also for no
   * reason.
   *
   * @param lock an object whose monitor the calling thread holds, and gives up meanwhile
   * @param timeoutNs how long at most, or {@link #FOREVER}
   * @throws InterruptedException if the calling thread is interrupted
   */
  void await(Object lock, long timeoutNs) throws InterruptedException;

  /**
   * Ends the wait of one thread, as {@link Object#notify()} does.
   *
   * @param lock an object whose monitor the calling thread holds
   */
  void signal(Object lock);

  /**
   * Ends the wait of all threads, as {@link Object#notifyAll()} does.
   *
   * @param lock an object whose monitor the calling thread holds
   */
  void signalAll(Object lock);

  /**
   * Waits for the end of a thread, as {@link Thread#join(long)} does: not at all for one that was
   * never started.
   *
   * @param thread the thread
   * @param timeoutNs how long at most, or {@link #FOREVER}
   * @return whether it has ended
   * @throws InterruptedException if the calling thread is interrupted
   */
  boolean join(Thread thread, long timeoutNs) throws InterruptedException;

  /**
   * Waits until a future is done, whatever its outcome.
   *
   * @param future the future
   * @param timeoutNs how long at most, or {@link #FOREVER}
   * @return whether it is done
   * @throws InterruptedException if the calling thread is interrupted
   */
  boolean await(CompletableFuture<?> future, long timeoutNs) throws InterruptedException;

  /**
   * Gives others their turn, in a loop that waits for what is about to happen, or for a time to
   * pass: where time is virtual it goes on a little.
   */
  void onSpinWait();

  /**
   * Lets other threads have the processor if they want it, in a loop that waits for longer than
   * {@link #onSpinWait} is for. By default that.
   */
  default void yieldProcessor() {
    onSpinWait();
  }

  /**
   * Runs something later, on a thread of the platform that nothing else waits for and that the task
   * must not hold up.
   *
   * @param delayNs how much later
   * @param task what to run
   * @return completes as the task has run; cancelling it takes the task back
   */
  CompletableFuture<Void> schedule(long delayNs, Runnable task);

  /** {@return how many processors the threads share} */
  int processors();

  /**
   * Hears what a callback of mill's has thrown, on the thread that it has thrown on, and before its
   * user does: a handler's before {@code onError}, any other's before the thread's
   * uncaught-exception handler. So a failed assertion can end a test, whatever the handler makes of
   * it. By default it does nothing; it must not throw.
   *
   * @param thrown what was thrown
   */
  default void threw(Throwable thrown) {}
}
