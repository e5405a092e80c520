package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Promises 10 and 13: the table of ends in the Javadoc of {@link EventLoop}, cell by cell. Ends
 * that a hook asks for are in {@link HeldUpEndTest}.
 */
class EndsTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  enum End {
    STOP,
    CLOSE,
    SHUTDOWN_IN_TIME,
    SHUTDOWN_FORCED;

    void ask(EventLoop loop) {
      switch (this) {
        case STOP -> loop.stop();
        case CLOSE -> loop.close();
        case SHUTDOWN_IN_TIME -> loop.shutdown(LONG);
        case SHUTDOWN_FORCED -> loop.shutdown(Duration.ZERO);
      }
    }
  }

  enum Caller {
    LOOP,
    WORKER,
    OTHER
  }

  enum Kind {
    HANDLER(RunningHandler::new),
    TASK(AcceptedTask::new),
    TASK_OF_A_REGISTRATION(TaskOfARegistration::new),
    TIMER(ScheduledTimer::new),
    OFFLOAD_NOT_DONE(Offload::new),
    RESULT_OF_AN_OFFLOAD(ResultOfAnOffload::new),
    CANCELLATION(Cancellation::new),
    REGISTRATION(Registered::new);

    @SuppressWarnings("ImmutableEnumChecker") // a reference to a constructor
    private final Function<Cell, Work> maker;

    Kind(Function<Cell, Work> maker) {
      this.maker = maker;
    }
  }

  /** One cell of the table, and who asks for the end. */
  private record Cell(FakeLoop fake, DispatchMode dispatch, End end, Caller caller) {
    void ask() {
      end.ask(fake.loop);
    }

    /** Asks on the test's thread; what waits for the loop does so in the background. */
    void askHere() {
      if (end == End.CLOSE) {
        Thread closing = Thread.ofPlatform().daemon().start(this::ask);
        Await.state(closing, Thread.State.TIMED_WAITING);
      } else {
        ask();
      }
    }
  }

  /** Something that waits or runs as the loop ends. */
  private abstract static class Work {
    final Cell cell;
    final EventLoop loop;

    Work(Cell cell) {
      this.cell = cell;
      loop = cell.fake.loop;
    }

    /** The loop is held up: what is begun waits. */
    abstract void begin() throws Exception;

    /** The end has been asked for. */
    void goOn() {}

    /** The loop has ended. */
    abstract void check() throws Exception;
  }

  private static final class RunningHandler extends Work implements EventHandler {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch released = new CountDownLatch(1);
    final CompletableFuture<String> outcome = new CompletableFuture<>();

    RunningHandler(Cell cell) {
      super(cell);
    }

    @Override
    void begin() throws Exception {
      loop.register(
          cell.fake.platform.readablePollable(), Interest.READABLE, Trigger.ONESHOT, this);
      Await.await(begun);
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      begun.countDown();
      try {
        released.await();
        if (cell.dispatch == DispatchMode.INLINE && cell.caller == Caller.LOOP) {
          cell.ask();
        }
        outcome.complete("ran to its end");
      } catch (InterruptedException e) {
        outcome.complete("interrupted");
      }
    }

    @Override
    void goOn() {
      if (!isInterrupted()) {
        released.countDown();
      }
    }

    private boolean isInterrupted() {
      return cell.dispatch == DispatchMode.WORKERS && cell.end == End.SHUTDOWN_FORCED;
    }

    @Override
    void check() {
      assertThat(outcome).isCompletedWithValue(isInterrupted() ? "interrupted" : "ran to its end");
    }
  }

  private static class AcceptedTask extends Work {
    final AtomicInteger ran = new AtomicInteger();

    AcceptedTask(Cell cell) {
      super(cell);
    }

    @Override
    void begin() throws Exception {
      loop.execute(ran::incrementAndGet);
    }

    @Override
    void check() {
      assertThat(ran).as("runs of an accepted task").hasValue(1);
    }
  }

  private static final class TaskOfARegistration extends AcceptedTask {
    TaskOfARegistration(Cell cell) {
      super(cell);
    }

    @Override
    void begin() throws Exception {
      loop.register(cell.fake.platform.pollable(), Interest.READABLE, (mine, readiness) -> {})
          .execute(ran::incrementAndGet);
    }
  }

  private static final class ScheduledTimer extends Work {
    private final AtomicInteger ran = new AtomicInteger();
    private Timeout timer;

    ScheduledTimer(Cell cell) {
      super(cell);
    }

    @Override
    void begin() {
      timer = loop.schedule(LONG, ran::incrementAndGet);
    }

    @Override
    void check() {
      assertThat(timer.isScheduled()).isFalse();
      assertThat(timer.cancel()).isFalse();
      assertThat(ran).hasValue(0);
      assertThat(loop.metrics().timers().live()).isZero();
    }
  }

  private static class Offload extends Work {
    final Queue<Runnable> executor = new ArrayDeque<>();
    final CompletableFuture<Boolean> onOwnThread = new CompletableFuture<>();
    CompletableFuture<Integer> future;

    Offload(Cell cell) {
      super(cell);
    }

    @Override
    void begin() {
      future = loop.offload(executor::add, () -> 7);
      var _ = future.whenComplete((result, thrown) -> onOwnThread.complete(loop.isLoopThread()));
    }

    @Override
    void goOn() {
      if (cell.end == End.SHUTDOWN_IN_TIME) {
        executor.remove().run();
      }
    }

    @Override
    void check() throws Exception {
      if (cell.end == End.SHUTDOWN_IN_TIME) {
        assertThat(future).isCompletedWithValue(7);
      } else {
        assertThatThrownBy(() -> future.get(1, TimeUnit.SECONDS))
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(RejectedExecutionException.class);
      }
      assertThat(onOwnThread).isCompletedWithValue(true);
      assertThat(loop.metrics().offloads().outstanding()).isZero();
    }
  }

  private static final class ResultOfAnOffload extends Offload {
    ResultOfAnOffload(Cell cell) {
      super(cell);
    }

    @Override
    void begin() {
      super.begin();
      executor.remove().run();
    }

    @Override
    void goOn() {}

    @Override
    void check() {
      assertThat(future).isCompletedWithValue(7);
      assertThat(onOwnThread).isCompletedWithValue(true);
    }
  }

  private static final class Cancellation extends Work {
    private CompletionStage<Void> stage;

    Cancellation(Cell cell) {
      super(cell);
    }

    @Override
    void begin() throws Exception {
      FakePollable pollable = cell.fake.platform.pollable();
      stage = loop.register(pollable, Interest.READABLE, (mine, readiness) -> {}).cancel();
      pollable.close();
    }

    @Override
    void check() throws Exception {
      Await.done(stage); // with workers one of them completes it
    }
  }

  private static final class Registered extends Work implements EventHandler {
    private final List<CloseReason> closed = new ArrayList<>();
    private FakePollable pollable;

    Registered(Cell cell) {
      super(cell);
    }

    @Override
    void begin() throws Exception {
      pollable = cell.fake.platform.pollable();
      loop.register(pollable, Interest.READABLE, this);
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {}

    @Override
    public void onShutdown(Registration registration) {
      if (cell.end == End.SHUTDOWN_IN_TIME) {
        registration.close();
      }
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      closed.add(reason);
    }

    @Override
    void check() {
      if (cell.end == End.STOP) {
        assertThat(closed).isEmpty();
        assertThat(pollable.isOpen()).as("stop closes nothing").isTrue();
        loop.close();
      }
      assertThat(pollable.isOpen()).isFalse();
      assertThat(closed)
          .containsExactly(
              switch (cell.end) {
                case STOP, CLOSE -> CloseReason.LOOP_CLOSED;
                case SHUTDOWN_IN_TIME -> CloseReason.CANCELLED;
                case SHUTDOWN_FORCED -> CloseReason.SHUTDOWN_FORCED;
              });
    }
  }

  static Stream<Arguments> cells() {
    var cells = new ArrayList<Arguments>();
    for (DispatchMode dispatch : DispatchMode.values()) {
      for (Kind kind : Kind.values()) {
        for (End end : End.values()) {
          for (Caller caller : Caller.values()) {
            if (dispatch == DispatchMode.WORKERS || caller != Caller.WORKER) {
              cells.add(Arguments.of(dispatch, kind, end, caller));
            }
          }
        }
      }
    }
    return cells.stream();
  }

  @ParameterizedTest(name = "{0}: {1}, {2} from {3}")
  @MethodSource("cells")
  void endOfALoopIsWhatTheTableSays(DispatchMode dispatch, Kind kind, End end, Caller caller)
      throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(3).closeTimeout(LONG);
    try (var fake = FakeLoop.open(config).start()) {
      var cell = new Cell(fake, dispatch, end, caller);
      Work work = kind.maker.apply(cell);
      var askNow = new CountDownLatch(1);
      CountDownLatch asked = caller == Caller.WORKER ? askOnAWorker(cell, askNow) : null;
      CountDownLatch held = work instanceof RunningHandler ? null : hold(cell, askNow);
      work.begin();
      if (caller == Caller.OTHER) {
        cell.askHere();
      } else if (caller == Caller.LOOP && held == null && dispatch == DispatchMode.WORKERS) {
        var asksOnLoop = new CountDownLatch(1);
        fake.loop.execute(() -> {
          cell.ask();
          asksOnLoop.countDown();
        });
        Await.await(asksOnLoop);
      }
      askNow.countDown();
      if (asked != null) {
        Await.await(asked);
      }
      if (held != null) {
        held.countDown();
      }
      work.goOn();
      fake.runner().join();
      work.check();
    }
  }

  /** A handler on a worker asks for the end when it is told to, and closes its registration. */
  private static CountDownLatch askOnAWorker(Cell cell, CountDownLatch askNow) throws Exception {
    var begun = new CountDownLatch(1);
    var asked = new CountDownLatch(1);
    cell.fake.loop.register(
        cell.fake.platform.readablePollable(),
        Interest.READABLE,
        (mine, readiness) -> {
          begun.countDown();
          Await.await(askNow);
          cell.ask();
          asked.countDown();
          mine.close();
        });
    Await.await(begun);
    return asked;
  }

  /** Holds the loop up in a task, which asks for the end itself if the loop is to do so. */
  private static CountDownLatch hold(Cell cell, CountDownLatch askNow) {
    var held = new CountDownLatch(1);
    var released = new CountDownLatch(1);
    cell.fake.loop.execute(() -> {
      held.countDown();
      if (cell.caller == Caller.LOOP) {
        Await.await(askNow);
        cell.ask();
      }
      Await.await(released);
    });
    Await.await(held);
    return released;
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatIsAskedOfALoopThatHasEndedIsRefusedAndSaysSo(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      EventLoop loop = fake.loop;
      Registration before =
          loop.register(fake.platform.pollable(), Interest.READABLE, (mine, readiness) -> {});
      Timeout timer = loop.newTimeout(() -> {});
      fake.stopAndJoin();
      var reason = new ArrayList<CloseReason>();
      FakePollable late = fake.platform.pollable();
      assertRefused(
          IllegalStateException.class,
          () ->
              loop.register(
                  late,
                  Interest.READABLE,
                  new EventHandler() {
                    @Override
                    public void onReady(Registration registration, Readiness readiness) {}

                    @Override
                    public void onClosed(Registration registration, CloseReason why) {
                      reason.add(why);
                    }
                  }));
      assertThat(reason).containsExactly(CloseReason.REFUSED);
      late.close();
      assertRefused(IllegalStateException.class, () -> before.setInterest(Interest.WRITABLE));
      assertRefused(
          IllegalStateException.class,
          () -> before.throttle(Interest.READABLE, RateLimiter.perSecond(1)));
      assertRefused(RejectedExecutionException.class, () -> before.execute(() -> {}));
      assertRefused(
          RejectedExecutionException.class, () -> before.schedule(Duration.ZERO, () -> {}));
      assertRefused(RejectedExecutionException.class, () -> loop.execute(() -> {}));
      assertRefused(RejectedExecutionException.class, () -> loop.schedule(LONG, () -> {}));
      assertRefused(RejectedExecutionException.class, () -> timer.reschedule(LONG));
      assertRefused(RejectedExecutionException.class, () -> loop.offload(Runnable::run, () -> 1));
    }
  }

  private static void assertRefused(Class<? extends Exception> how, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(how).hasMessageContaining("the loop has ended");
  }
}
