package mill.core;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Cancellations of other threads, which are complete when the loop has come past between two
 * callbacks: then no inline callback of what was cancelled runs any more, nor will.
 */
final class Quiescence {
  /** Of what is quiet already. */
  static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);

  /** Completes when no callback of one cancelled registration runs any more, nor will. */
  static final class Stage extends CompletableFuture<Void> {
    // Guarded by the lock of the Quiescence. Stays: once a registration is quiet, it is so for
    // ever.
    private boolean added;
  }

  private final Object lock = new Object();

  // Each stage is in it once, so its bound is that of the registrations.
  private final Queue<Stage> waiting = new ConcurrentLinkedQueue<>();

  @GuardedBy("lock")
  private boolean turning;

  /** The loop begins to turn. */
  void begin() {
    synchronized (lock) {
      turning = true;
    }
  }

  /**
   * Adds a stage, if it is not there yet. Any other thread than the loop's.
   *
   * @param stage of a registration that was cancelled before
   * @return true if the loop will complete it; false if the loop does not turn, so that nothing has
   *     to be waited for
   */
  boolean add(Stage stage) {
    synchronized (lock) {
      if (turning && !stage.added) {
        stage.added = true;
        waiting.add(stage);
      }
      return turning;
    }
  }

  /** {@return whether no stage waits} Any thread. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Completes what waits. The loop's thread, between two callbacks. */
  void complete() {
    Stage stage;
    while ((stage = waiting.poll()) != null) {
      stage.complete(null);
    }
  }

  /** The loop turns no more: completes what waits. The loop's thread. */
  void end() {
    synchronized (lock) {
      turning = false;
    }
    complete();
  }
}
