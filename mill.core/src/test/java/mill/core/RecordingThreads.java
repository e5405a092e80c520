package mill.core;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import mill.natives.platform.Threads;
import mill.testing.Await;

/**
 * The JDK's threads, which note what goes through them: {@code park pool-0} for instance, the call
 * and its thread, or for a thread's making and joining the one that is meant.
 */
public final class RecordingThreads implements Threads {
  private final Threads delegate = Threads.system();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final List<Throwable> thrown = new CopyOnWriteArrayList<>();
  private final List<CompletableFuture<Void>> timers = new CopyOnWriteArrayList<>();
  private volatile boolean virtual;
  private volatile boolean timeless;
  private volatile Runnable onSpin = () -> {};
  private volatile int processors = Runtime.getRuntime().availableProcessors();

  public RecordingThreads() {}

  /** Makes virtual threads from now on, and lets them poll. */
  public RecordingThreads virtual() {
    virtual = true;
    return this;
  }

  /** Lets no time pass for who parks: only unparking ends that. */
  public RecordingThreads timeless() {
    timeless = true;
    return this;
  }

  public RecordingThreads processors(int count) {
    processors = count;
    return this;
  }

  /** What is done at each spin, and each time the processor is yielded. */
  public void onSpin(Runnable action) {
    onSpin = action;
  }

  public List<String> calls() {
    return calls;
  }

  public List<Throwable> thrown() {
    return thrown;
  }

  public List<CompletableFuture<Void>> timers() {
    return timers;
  }

  /** Waits until that call was made. */
  public void awaitCall(String call) throws Exception {
    Await.eventually(call + " among " + calls, () -> calls.contains(call));
  }

  private void note(String call, Thread thread) {
    calls.add(call + " " + thread.getName());
  }

  private void note(String call) {
    note(call, Thread.currentThread());
  }

  @Override
  public Thread unstarted(String name, boolean daemon, Runnable body) {
    Thread thread =
        virtual
            ? Thread.ofVirtual().name(name).unstarted(body)
            : delegate.unstarted(name, daemon, body);
    note(daemon ? "daemon" : "thread", thread);
    return thread;
  }

  @Override
  public boolean mayPoll(Thread thread) {
    note("mayPoll");
    return virtual == thread.isVirtual();
  }

  @Override
  public void park(Object blocker, long timeoutNs) {
    note(timeoutNs == FOREVER ? "park" : "parkNanos");
    delegate.park(blocker, timeless ? FOREVER : timeoutNs);
  }

  @Override
  public void unpark(Thread thread) {
    note("unpark", thread);
    delegate.unpark(thread);
  }

  @Override
  public void await(Object lock, long timeoutNs) throws InterruptedException {
    note(timeoutNs == FOREVER ? "await" : "awaitNanos");
    delegate.await(lock, timeoutNs);
  }

  @Override
  public void signal(Object lock) {
    note("signal");
    delegate.signal(lock);
  }

  @Override
  public void signalAll(Object lock) {
    note("signalAll");
    delegate.signalAll(lock);
  }

  @Override
  public boolean join(Thread thread, long timeoutNs) throws InterruptedException {
    note("join", thread);
    return delegate.join(thread, timeoutNs);
  }

  @Override
  public boolean await(CompletableFuture<?> future, long timeoutNs) throws InterruptedException {
    note("future");
    return delegate.await(future, timeoutNs);
  }

  @Override
  public void onSpinWait() {
    note("spin");
    onSpin.run();
    delegate.onSpinWait();
  }

  @Override
  public void yieldProcessor() {
    note("yield");
    onSpin.run();
    delegate.yieldProcessor();
  }

  @Override
  public CompletableFuture<Void> schedule(long delayNs, Runnable task) {
    note("schedule " + delayNs);
    CompletableFuture<Void> timer = delegate.schedule(delayNs, task);
    timers.add(timer);
    return timer;
  }

  @Override
  public int processors() {
    return processors;
  }

  @Override
  public void threw(Throwable error) {
    thrown.add(error);
  }
}
