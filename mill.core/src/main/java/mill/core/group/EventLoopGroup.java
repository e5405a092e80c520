package mill.core.group;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.notNegative;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.core.internal.Durations;
import mill.core.internal.OwnThreadFuture;
import mill.core.internal.Waits;
import mill.natives.net.TcpListener;
import mill.natives.platform.Platform;
import mill.natives.platform.Threads;
import org.jspecify.annotations.Nullable;

/**
 * Several {@link EventLoop}s, each on a thread of its own, that share the connections of a server.
 * A connection stays with its loop.
 *
 * {@snippet class=mill.core.snippets.GroupSnippets region=serve}
 *
 * <pre>
 *   NEW ──start()──▶ STARTING ──▶ RUNNING ──shutdown(), close(), a loop fails──▶ SHUT_DOWN
 *    │                  └──────── a loop cannot start ──────────────────────────────▲
 *    └──────────────────────── shutdown(), close() ────────────────────────────────┘
 * </pre>
 *
 * <p>All methods may be called from any thread. The threads are not daemons: the virtual machine
 * lives as long as they do.
 *
 * <p>If a loop fails, because the kernel refuses to poll for instance, the group shuts down: the
 * other loops drain for {@link LoopGroupConfig#failureTimeout}, and {@link #failure} tells why. A
 * loop may be stopped by itself, though: the others go on. It gets no further connections: its own
 * listeners of a sharded address are closed, which resets what waited in their queues, and an
 * acceptor that hands off moves to another loop.
 */
public final class EventLoopGroup implements AutoCloseable {
  private enum State {
    NEW,
    STARTING,
    RUNNING,
    SHUT_DOWN
  }

  private static final int GOLDEN_RATIO = 0x9E3779B9;

  private final LoopGroupConfig config;
  private final Platform platform;
  private final List<EventLoop> loops;
  private final List<LoopThread> threads = new ArrayList<>();
  private final LoopRotation turns;
  private final LoopRotation handOffs;
  private final LoopRotation acceptors;
  private final CompletableFuture<GroupShutdownReport> reported =
      new OwnThreadFuture<>(
          this::isOwnThread,
          "a thread of the group cannot wait for the group's own end:"
              + " go on in thenAccept or whenComplete, or wait on another thread");

  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Set<GroupListener> listeners = new LinkedHashSet<>();

  @GuardedBy("lock")
  private State state = State.NEW;

  @GuardedBy("lock")
  private @Nullable Throwable failure;

  private EventLoopGroup(LoopGroupConfig config, List<EventLoop> loops) {
    this.config = config;
    this.loops = List.copyOf(loops);
    turns = new LoopRotation(this.loops);
    handOffs = new LoopRotation(this.loops);
    acceptors = new LoopRotation(this.loops);
    platform = LoopThread.platformOf(loops.getFirst());
    List<Integer> cpus = config.cpus();
    for (int i = 0; i < loops.size(); i++) {
      int cpu = cpus.isEmpty() ? LoopThread.ANY_CPU : cpus.get(i % cpus.size());
      int place = i;
      threads.add(new LoopThread(loops.get(i), cpu, () -> loopEnded(place), this::failed));
    }
  }

  /**
   * Opens a group with a loop for each processor.
   *
   * @return the group, to be closed by the caller
   * @throws IOException if the system refuses, for instance when it has no descriptors left
   */
  public static EventLoopGroup open() throws IOException {
    return open(LoopGroupConfig.defaults());
  }

  /**
   * Opens a group. Its threads begin with {@link #start}; what is registered, listened on and
   * executed before waits for that.
   *
   * @param config its configuration
   * @return the group, to be closed by the caller
   * @throws IOException if the system refuses, for instance when it has no descriptors left;
   *     nothing stays open
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static EventLoopGroup open(LoopGroupConfig config) throws IOException {
    var loops = new ArrayList<EventLoop>(config.loops());
    boolean opened = false;
    try {
      for (int i = 0; i < config.loops(); i++) {
        loops.add(EventLoop.open(config.loop(i)));
      }
      opened = true;
      return new EventLoopGroup(config, loops);
    } finally {
      if (!opened) {
        loops.forEach(EventLoop::close);
      }
    }
  }

  /**
   * Starts the threads, and returns when every loop runs. Once. Returns quietly if the group is
   * shut down meanwhile.
   *
   * @return this
   * @throws IOException if a thread cannot be bound to its processor, which the message names, or
   *     its loop cannot poll. All loops have been closed then and all threads have ended
   * @throws IllegalStateException if the group was started or shut down before
   */
  public EventLoopGroup start() throws IOException {
    synchronized (lock) {
      if (state != State.NEW) {
        throw new IllegalStateException("started or shut down already: open another group");
      }
      state = State.STARTING;
    }
    startThreads();
    threads.forEach(thread -> awaitUninterruptibly(thread.started(), Threads.FOREVER));
    Throwable failed;
    synchronized (lock) {
      failed = failure;
      if (failed == null && state == State.STARTING) {
        state = State.RUNNING;
      }
    }
    if (failed != null) {
      close();
      if (failed instanceof Error error) {
        throw error;
      }
      throw new IOException("the group could not start: " + failed.getMessage(), failed);
    }
    return this;
  }

  private void startThreads() {
    for (LoopThread thread : threads) {
      synchronized (lock) {
        if (state != State.STARTING || failure != null) {
          thread.releaseWaiters();
          continue;
        }
        try {
          thread.start();
        } catch (Throwable thrown) { // an OutOfMemoryError, if the system gives no more threads
          failure = thrown;
          thread.releaseWaiters();
        }
      }
    }
  }

  /** {@return all loops, always in the same order} Any thread. */
  public List<EventLoop> loops() {
    return loops;
  }

  /** {@return a loop, each in its turn, without those that have ended} Any thread. */
  public EventLoop next() {
    return loops.get(turns.next());
  }

  /**
   * Chooses a loop by a key: the same one for equal keys, as long as it lives; then the next one
   * that does.
   *
   * @param key any object with a hash code
   * @return the loop
   */
  public EventLoop loopFor(Object key) {
    return loopFor(key.hashCode());
  }

  /**
   * Chooses a loop by a hash: the same one for the same hash, as long as it lives; then the next
   * one that does. Consecutive numbers are spread evenly.
   *
   * @param hash any number
   * @return the loop
   */
  public EventLoop loopFor(int hash) {
    long mixed = Integer.toUnsignedLong(hash * GOLDEN_RATIO);
    return loops.get(turns.atOrAfter((int) ((mixed * loops.size()) >>> Integer.SIZE)));
  }

  /**
   * Accepts TCP connections for the loops, in the way that suits this system best. See {@link
   * #listen(SocketAddress, int, AcceptMode, StreamAcceptor)}.
   *
   * @param address where to listen
   * @param acceptor takes over the connections
   * @return the listener
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance
   */
  public GroupListener listen(SocketAddress address, StreamAcceptor acceptor) throws IOException {
    return listen(address, TcpListener.DEFAULT_BACKLOG, AcceptMode.AUTO, acceptor);
  }

  /**
   * Accepts TCP connections for the loops, from now on if the group runs, else from its start.
   *
   * @param address where to listen; port 0 lets the system choose one for all loops, and {@link
   *     GroupListener#localAddress()} tells what
   * @param backlog how many connections may wait to be accepted, with {@link AcceptMode#SHARDED} on
   *     each loop; the system may lower it
   * @param mode how the connections come to the loops
   * @param acceptor takes over the connections
   * @return the listener; shutting the group down closes it
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   * @throws UnsupportedOperationException if the mode is {@link AcceptMode#SHARDED} and the kernel
   *     does not spread connections
   * @throws IllegalStateException if the group is shut down
   */
  public GroupListener listen(
      SocketAddress address, int backlog, AcceptMode mode, StreamAcceptor acceptor)
      throws IOException {
    requireNonNull(acceptor, "acceptor");
    synchronized (lock) {
      if (state == State.SHUT_DOWN) {
        throw new IllegalStateException("the group is shut down");
      }
      GroupListener listener =
          GroupListener.open(
              new GroupListener.Place(platform, address, backlog, mode),
              loops,
              acceptors,
              new ConnectionDistributor(loops, handOffs, acceptor),
              this::forget);
      listeners.add(listener);
      return listener;
    }
  }

  /**
   * Shuts the group down gracefully: accepts what waits in the queues of its listeners, closes
   * these, then shuts down every loop at the same time, as {@link EventLoop#shutdown} does it. Also
   * from a loop's own thread and from a shutdown hook; a second call returns the same outcome, and
   * its time counts if it ends earlier. A client that connects between the last accept and the
   * close is reset by the system: who must not lose one takes the address out of service first.
   *
   * @param timeout how long to let the handlers finish; 0 to force at once
   * @return completes when everything is given back and every thread is at its end; {@link
   *     #awaitEnd} waits for the threads themselves. A loop that is held up is not waited for: the
   *     stage completes a second after the timeout at the latest, and {@link
   *     GroupShutdownReport#stillRunning} says what does not return. To wait for the stage on a
   *     thread of the group throws an {@link IllegalStateException}
   * @throws IllegalArgumentException if the time is negative
   */
  public CompletionStage<GroupShutdownReport> shutdown(Duration timeout) {
    notNegative("the timeout", timeout, "use 0 to force at once");
    boolean first;
    List<GroupListener> closing;
    synchronized (lock) {
      first = state != State.SHUT_DOWN;
      if (state == State.NEW) {
        threads.forEach(LoopThread::releaseWaiters);
      }
      state = State.SHUT_DOWN;
      closing = List.copyOf(listeners);
    }
    long startNs = platform.nanoTime();
    boolean accepts = !timeout.isZero();
    closing.forEach(listener -> listener.closeListeners(accepts));
    List<CompletableFuture<ShutdownReport>> reports =
        loops.stream().map(loop -> loop.shutdown(timeout).toCompletableFuture()).toList();
    if (first) {
      var _ =
          CompletableFuture.allOf(reports.toArray(CompletableFuture<?>[]::new))
              .thenCompose(done -> threadsEnded(reports))
              .thenRun(() -> report(reports, closing, startNs));
    }
    return reported.copy(); // what its holder does to the copy is his own business
  }

  // A loop that is held up has reported all the same; its thread ends when nobody waits any more.
  private CompletableFuture<Void> threadsEnded(List<CompletableFuture<ShutdownReport>> reports) {
    var ended = new ArrayList<CompletableFuture<?>>();
    for (int i = 0; i < threads.size(); i++) {
      if (reports.get(i).resultNow().stillRunning().isEmpty()) {
        ended.add(threads.get(i).ended());
      }
    }
    return CompletableFuture.allOf(ended.toArray(CompletableFuture<?>[]::new));
  }

  private void report(
      List<CompletableFuture<ShutdownReport>> reports, List<GroupListener> closed, long startNs) {
    reported.complete(
        GroupShutdownReport.of(
            reports.stream().map(CompletableFuture::resultNow).toList(),
            closed.stream().mapToInt(GroupListener::closed).sum(),
            Duration.ofNanos(platform.nanoTime() - startNs),
            failure()));
  }

  /**
   * {@return why a loop could not go on: the first failure, with the others as its suppressed
   * exceptions; empty if there was none} Any thread.
   */
  public Optional<Throwable> failure() {
    synchronized (lock) {
      return Optional.ofNullable(failure);
    }
  }

  /**
   * Waits until all threads have ended. Returns at once if the group was not started.
   *
   * @throws InterruptedException if the calling thread is interrupted
   * @throws IllegalStateException if the calling thread is one of the group's
   */
  public void awaitEnd() throws InterruptedException {
    if (isOwnThread()) {
      throw new IllegalStateException("a thread of the group cannot wait for its own end");
    }
    for (LoopThread thread : threads) {
      platform.threads().join(thread.thread(), Threads.FOREVER);
    }
  }

  /**
   * Shuts down at once and gives everything back to the system; a second call does nothing more.
   *
   * <p>Returns when all threads have ended. Called on a thread of the group it cannot wait for
   * itself: it returns at once, and the rest is done by the loops.
   *
   * @throws IllegalStateException if a callback does not return within the {@code closeTimeout} of
   *     the loops and a second; the message says which. The rest is done when it has returned
   */
  @Override
  public void close() {
    CompletableFuture<GroupShutdownReport> outcome = shutdown(Duration.ZERO).toCompletableFuture();
    if (isOwnThread()) {
      return;
    }
    awaitUninterruptibly(outcome, Threads.FOREVER);
    List<String> stillRunning = outcome.resultNow().stillRunning();
    if (!haveEnded(loops.getFirst().config().closeTimeout())) {
      throw new IllegalStateException(
          "the group is not closed: it closes itself when this has returned: " + stillRunning);
    }
  }

  /** Waits for the threads. */
  private boolean haveEnded(Duration atMost) {
    CompletableFuture<?>[] all =
        threads.stream().map(LoopThread::ended).toArray(CompletableFuture<?>[]::new);
    long timeoutNs = Durations.saturatedNs(atMost);
    boolean ended = awaitUninterruptibly(CompletableFuture.allOf(all), timeoutNs);
    if (ended) {
      threads.forEach(LoopThread::join); // they have nothing left to do but to end
    }
    return ended;
  }

  private boolean awaitUninterruptibly(CompletableFuture<?> future, long timeoutNs) {
    return Waits.await(platform.threads(), platform::nanoTime, future, timeoutNs);
  }

  // A loop waits for its workers, so they must not wait for the loop. A thread that has not begun
  // to run its loop is the group's all the same.
  private boolean isOwnThread() {
    Thread current = Thread.currentThread();
    return threads.stream().map(LoopThread::thread).anyMatch(current::equals)
        || loops.stream().anyMatch(EventLoop::isOwnThread);
  }

  /** A loop runs no more, though the group may: on the loop's thread. */
  private void loopEnded(int place) {
    List<GroupListener> open;
    synchronized (lock) {
      open = state == State.SHUT_DOWN ? List.of() : List.copyOf(listeners);
    }
    open.forEach(listener -> listener.loopEnded(place));
  }

  private void forget(GroupListener listener) {
    synchronized (lock) {
      listeners.remove(listener);
    }
  }

  private void failed(Throwable thrown) {
    boolean wasRunning;
    synchronized (lock) {
      if (state == State.SHUT_DOWN && thrown instanceof RejectedExecutionException) {
        return; // the loop was closed before its thread came to run it
      }
      wasRunning = state == State.RUNNING;
      if (failure == null) {
        failure = thrown;
      } else if (!failure.equals(thrown)) {
        failure.addSuppressed(thrown);
      }
    }
    if (wasRunning) {
      var _ = shutdown(config.failureTimeout()); // before the log, which may fail as well
      System.getLogger("mill.core")
          .log(Level.ERROR, "a loop has failed, its group shuts down: " + this, thrown);
    }
  }

  /**
   * {@return whether it was shut down or closed, or shuts down since a loop has failed} Any thread.
   */
  public boolean isShutDown() {
    synchronized (lock) {
      return state == State.SHUT_DOWN;
    }
  }

  /** {@return the configuration} Any thread. */
  public LoopGroupConfig config() {
    return config;
  }

  /** {@return name, number of loops and state} Any thread. */
  @Override
  public String toString() {
    synchronized (lock) {
      return "EventLoopGroup[%s, %d loops, %s]".formatted(config.name(), loops.size(), state);
    }
  }
}
