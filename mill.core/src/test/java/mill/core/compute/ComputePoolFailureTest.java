package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A throwing task never kills a worker, whatever it throws and whoever hears of it. */
class ComputePoolFailureTest {
  /** What ends threads elsewhere. */
  private static final class Death extends Error {
    private static final long serialVersionUID = 1L;
  }

  static Stream<Throwable> whatTasksThrow() {
    return Stream.of(
        new IllegalStateException("planned"),
        new Exception("checked, and planned"),
        new InterruptedException("planned"),
        new OutOfMemoryError("planned"),
        new Death());
  }

  @SuppressWarnings("unchecked") // which is the trick
  private static <T extends Throwable> void sneakyThrow(Throwable thrown) throws T {
    throw (T) thrown;
  }

  private static void overflow(int depth) {
    if (depth >= 0) {
      overflow(depth + 1);
    }
    throw new AssertionError(depth);
  }

  private static Thread worker(ComputePool pool) {
    return pool.submit(Thread::currentThread).join();
  }

  @ParameterizedTest
  @MethodSource("whatTasksThrow")
  void whatAnExecutedTaskThrowsReachesTheHandlerAndTheWorkerGoesOn(Throwable thrown) {
    List<Throwable> heard = new CopyOnWriteArrayList<>();
    List<Thread> where = new CopyOnWriteArrayList<>();
    var config =
        ComputePools.config(1)
            .uncaughtExceptionHandler((thread, what) -> {
              heard.add(what);
              where.add(thread);
            });
    try (var pool = ComputePool.open(config.build())) {
      Thread before = worker(pool);
      pool.execute(() -> ComputePoolFailureTest.<RuntimeException>sneakyThrow(thrown));
      assertThat(worker(pool)).isSameAs(before);
      assertThat(heard).containsExactly(thrown);
      assertThat(where).containsExactly(before);
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.failed()).isEqualTo(1);
      assertThat(end.completed()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @MethodSource("whatTasksThrow")
  void whatASubmittedTaskThrowsFailsItsFutureAloneAndTheWorkerGoesOn(Throwable thrown) {
    List<Throwable> heard = new CopyOnWriteArrayList<>();
    var config = ComputePools.config(1).uncaughtExceptionHandler((thread, what) -> heard.add(what));
    try (var pool = ComputePool.open(config.build())) {
      Thread before = worker(pool);
      CompletableFuture<Object> future =
          pool.submit(() -> {
            ComputePoolFailureTest.<Exception>sneakyThrow(thrown);
            return 1;
          });
      assertThatThrownBy(future::join).isInstanceOf(CompletionException.class).hasCause(thrown);
      assertThat(worker(pool)).isSameAs(before);
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.failed()).isEqualTo(1);
      assertThat(end.completed()).isEqualTo(2);
      assertThat(heard).isEmpty();
    }
  }

  @Test
  void workerGoesOnAfterAnOverflowOfItsStack() {
    List<Throwable> heard = new CopyOnWriteArrayList<>();
    var config = ComputePools.config(1).uncaughtExceptionHandler((thread, what) -> heard.add(what));
    try (var pool = ComputePool.open(config.build())) {
      Thread before = worker(pool);
      pool.execute(() -> overflow(0));
      CompletableFuture<Object> future =
          pool.submit(() -> {
            overflow(0);
            return 1;
          });
      assertThatThrownBy(future::join).hasCauseInstanceOf(StackOverflowError.class);
      assertThat(worker(pool)).isSameAs(before);
      assertThat(heard).hasSize(1).allMatch(StackOverflowError.class::isInstance);
      assertThat(ComputePools.quiet(pool).failed()).isEqualTo(2);
    }
  }

  @Test
  void workerGoesOnWhenTheHandlerThrowsAsWell() {
    var config =
        ComputePools.config(1)
            .uncaughtExceptionHandler(
                (thread, what) -> ComputePoolFailureTest.<RuntimeException>sneakyThrow(what));
    try (var pool = ComputePool.open(config.build())) {
      Thread before = worker(pool);
      pool.execute(() -> {
        throw new Death();
      });
      assertThat(worker(pool)).isSameAs(before);
      assertThat(ComputePools.quiet(pool).failed()).isEqualTo(1);
    }
  }

  @Test
  void withoutAHandlerOfThePoolTheThreadsOwnIsAsked() {
    List<Throwable> heard = new CopyOnWriteArrayList<>();
    var thrown = new IllegalStateException("planned");
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      worker(pool).setUncaughtExceptionHandler((thread, what) -> heard.add(what));
      pool.execute(() -> {
        throw thrown;
      });
      ComputePools.quiet(pool);
    }
    assertThat(heard).containsExactly(thrown);
  }

  @Test
  void whatDependsOnAFutureMayThrowAndTheTaskHasCompletedAllTheSame() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var gate = ComputePools.Gate.shut(pool, 1);
      CompletableFuture<Object> dependent =
          pool.submit(() -> 1)
              .thenApply(result -> {
                throw new Death();
              });
      gate.open();
      assertThatThrownBy(dependent::join).hasCauseInstanceOf(Death.class);
      ComputeMetrics end = ComputePools.quiet(pool);
      assertThat(end.completed()).isEqualTo(2);
      assertThat(end.failed()).isZero();
    }
  }

  // Both wait already: the worker does not sleep between them, which would clear the flag too.
  @Test
  void interruptFlagThatATaskLeavesIsNotTheNextOnes() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      var gate = ComputePools.Gate.shut(pool, 1);
      pool.execute(() -> Thread.currentThread().interrupt());
      CompletableFuture<Boolean> next = pool.submit(() -> Thread.currentThread().isInterrupted());
      gate.open();
      assertThat(next.join()).isFalse();
    }
  }

  @Test
  void interruptOfAnIdleWorkerMeansNothing() {
    try (var pool = ComputePool.open(ComputePools.config(1).build())) {
      Thread worker = worker(pool);
      Await.state(worker, Thread.State.WAITING);
      worker.interrupt();
      assertThat(pool.submit(() -> Thread.currentThread().isInterrupted()).join()).isFalse();
    }
  }
}
