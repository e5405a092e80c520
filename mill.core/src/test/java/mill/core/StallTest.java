package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.platform.Threads;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is told of a turn that takes too long: on a clock that stands, and once on a real one. */
class StallTest {
  private static final long MS = 1_000_000;

  private final FakePlatform platform = new FakePlatform();
  private final List<StallReport> reports = new ArrayList<>();
  private final ReadyEvents events = new ReadyEvents(4);
  private final LoopTelemetry telemetry = new LoopTelemetry("slow", platform, true);
  private final StallWatch watch =
      new StallWatch(
          telemetry,
          LoopConfig.builder()
              .name("slow")
              .stallThreshold(Duration.ofMillis(100))
              .onStall(reports::add)
              .build(),
          LoopActivities::describe);

  StallTest() {
    platform.virtualTime(Long.MAX_VALUE - 50 * MS); // overflows in the middle of the stalls
    telemetry.begins();
  }

  private void beginTurn(Object activity) {
    telemetry.turnBegins(events);
    telemetry.doing(activity);
  }

  private void endTurn() {
    telemetry.dispatched(0);
    telemetry.turnEnds(0, 0, 1, false);
  }

  private int reportsAfter(long ms) {
    platform.advance(ms * MS);
    watch.check(Thread.currentThread());
    return reports.size();
  }

  @Test
  void turnIsReportedWhenItReachesTheThresholdAndNotBefore() {
    Runnable task = () -> {};
    beginTurn(task);
    assertThat(reportsAfter(99)).isZero();
    assertThat(reportsAfter(1)).isOne();
    StallReport report = reports.getFirst();
    assertThat(report.loop()).isEqualTo("slow");
    assertThat(report.duration()).isEqualTo(Duration.ofMillis(100));
    assertThat(report.activity()).isEqualTo("task " + task.getClass().getName());
    assertThat(report.stack()).anyMatch(frame -> frame.getMethodName().equals("reportsAfter"));
  }

  @Test
  void longStallIsReportedAgainEachTimeItHasDoubled() {
    beginTurn("step");
    assertThat(reportsAfter(120)).isOne();
    assertThat(reportsAfter(119)).isOne();
    assertThat(reportsAfter(1)).isEqualTo(2);
    assertThat(reportsAfter(239)).isEqualTo(2);
    assertThat(reportsAfter(1)).isEqualTo(3);
    assertThat(reports)
        .extracting(report -> report.duration().toMillis())
        .containsExactly(120L, 240L, 480L);
  }

  @Test
  void nextTurnIsMeasuredFromItsOwnBegin() {
    beginTurn("one");
    assertThat(reportsAfter(100)).isOne();
    endTurn();
    assertThat(reportsAfter(1_000)).as("asleep").isOne();
    beginTurn("two");
    assertThat(reportsAfter(99)).isOne();
    assertThat(reportsAfter(1)).isEqualTo(2);
    assertThat(reports.getLast().activity()).isEqualTo("two");
  }

  @Test
  void turnsThatWereNotSeenEndingAreNotTakenForOne() {
    for (int i = 0; i < 10; i++) {
      beginTurn("step");
      assertThat(reportsAfter(60)).isZero();
      endTurn();
    }
  }

  @Test
  void sleepingLoopIsNeverStalled() {
    assertThat(reportsAfter(1_000_000)).isZero();
    telemetry.turnBegins(events);
    endTurn();
    assertThat(reportsAfter(1_000_000)).isZero();
  }

  static List<Throwable> thrown() {
    return List.of(new IllegalStateException("planned"), new AssertionError("planned"));
  }

  @ParameterizedTest
  @MethodSource("thrown")
  void listenerThatThrowsIsAskedAgain(Throwable thrown) {
    var asked = new ArrayList<StallReport>();
    var throwing =
        new StallWatch(
            telemetry,
            LoopConfig.builder()
                .stallThreshold(Duration.ofMillis(100))
                .onStall(report -> {
                  asked.add(report);
                  throwAnything(thrown);
                })
                .build(),
            LoopActivities::describe);
    beginTurn("step");
    platform.advance(100 * MS);
    throwing.check(Thread.currentThread());
    platform.advance(100 * MS);
    throwing.check(Thread.currentThread());
    assertThat(asked).hasSize(2);
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void throwAnything(Throwable thrown) throws T {
    throw (T) thrown;
  }

  /** A logger is the user's too, and so is the text of a pollable. */
  @Test
  void watchdogGoesOnThoughALookThrowsAnError() {
    var config = LoopConfig.builder().stallThreshold(Duration.ofMillis(2)).build();
    var uncaught = new CopyOnWriteArrayList<Throwable>();
    var looks = new CountDownLatch(3);
    var overflowing =
        new StallWatch(
            telemetry,
            config,
            activity -> {
              Thread.currentThread()
                  .setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
              looks.countDown();
              throw new StackOverflowError("planned");
            });
    beginTurn("step");
    platform.advance(100 * MS);
    try (var _ = StallWatchdog.start(overflowing, config, Threads.system())) {
      Await.await(looks);
    }
    assertThat(uncaught).isNotEmpty().allMatch(thrown -> thrown instanceof StackOverflowError);
  }

  @Test
  void watchGoesOnThoughItsListenerThrowsAnError() throws Exception {
    var heard = new LinkedBlockingQueue<StallReport>();
    try (var fake =
        FakeLoop.open(
            LoopConfig.builder()
                .stallThreshold(Duration.ofMillis(5))
                .onStall(report -> {
                  heard.add(report);
                  throw new AssertionError("planned");
                }))) {
      fake.start();
      for (int i = 0; i < 2; i++) {
        var blocker = new Blocker();
        fake.loop.execute(blocker);
        assertThat(heard.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isNotNull();
        blocker.released.countDown();
        fake.settle();
        heard.clear();
      }
    }
  }

  @Test
  void reportReadsAsALogLineAndItsStack() {
    beginTurn("step");
    reportsAfter(100);
    assertThat(reports.getFirst().toString())
        .startsWith("STALL: the loop slow has not turned for 100 ms: step")
        .contains("\tat ", "StallTest.reportsAfter");
  }

  @Test
  void thresholdThatIsTooShortIsRefusedWithTheRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoopConfig.builder().stallThreshold(Duration.ofMillis(1)))
        .withMessageContaining("at least PT0.002S, not PT0.001S");
  }

  @Test
  void thresholdTurnsMetricsOn() {
    var config = LoopConfig.builder().metrics(false).stallThreshold(Duration.ofMillis(5)).build();
    assertThat(config.metrics()).isTrue();
    assertThat(config.stallThreshold()).contains(Duration.ofMillis(5));
    assertThat(LoopConfig.defaults().stallThreshold()).isEmpty();
  }

  /** Blocks until it is released, wherever it runs. */
  private static final class Blocker implements EventHandler, Runnable {
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      registration.close();
      run();
    }

    @Override
    public void run() {
      Await.await(released);
    }
  }

  private static final class Stalling implements AutoCloseable {
    final LinkedBlockingQueue<StallReport> heard = new LinkedBlockingQueue<>();
    final Blocker blocker = new Blocker();
    final FakeLoop fake;

    Stalling(String name) throws Exception {
      fake =
          FakeLoop.open(
              LoopConfig.builder()
                  .name(name)
                  .stallThreshold(Duration.ofMillis(5))
                  .onStall(heard::add));
      fake.start();
    }

    StallReport awaitReport(String activity) throws Exception {
      StallReport report;
      do {
        report = heard.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
        assertThat(report).isNotNull();
      } while (!report.activity().startsWith(activity)); // a loaded machine stalls by itself
      return report;
    }

    @Override
    public void close() throws IOException {
      blocker.released.countDown();
      fake.close();
    }
  }

  @Test
  void handlerThatBlocksIsNamedAndItsStackShown() throws Exception {
    try (var stalling = new Stalling("blocked")) {
      FakePollable pollable = stalling.fake.platform.readablePollable();
      stalling.fake.loop.register(pollable, Interest.READABLE, stalling.blocker);
      StallReport report = stalling.awaitReport("handler ");
      assertThat(report.loop()).isEqualTo("blocked");
      assertThat(report.activity())
          .startsWith("handler " + Blocker.class.getName() + " of FakePollable[fd 3");
      assertThat(report.duration()).isGreaterThanOrEqualTo(Duration.ofMillis(5));
      assertThat(report.stack())
          .anyMatch(frame -> frame.getClassName().equals(Blocker.class.getName()));
    }
  }

  @Test
  void timerAndTaskThatBlockAreNamed() throws Exception {
    try (var stalling = new Stalling("timer")) {
      stalling.fake.loop.schedule(Duration.ZERO, stalling.blocker);
      assertThat(stalling.awaitReport("timer").activity())
          .isEqualTo("timer " + Blocker.class.getName());
    }
    try (var stalling = new Stalling("task")) {
      stalling.fake.loop.execute(stalling.blocker);
      assertThat(stalling.awaitReport("task").activity())
          .isEqualTo("task " + Blocker.class.getName());
    }
  }

  @Test
  void watchingThreadLivesAsLongAsTheLoopRuns() throws Exception {
    try (var fake =
        FakeLoop.open(LoopConfig.builder().name("hour").stallThreshold(Duration.ofHours(1)))) {
      assertThat(liveThread("hour-watchdog")).isNull();
      fake.start();
      Thread watchdog = liveThread("hour-watchdog");
      assertThat(watchdog).isNotNull();
      assertThat(watchdog.isDaemon()).isTrue();
      fake.stopAndJoin();
      assertThat(watchdog.isAlive()).isFalse();
    }
  }

  @Test
  void loopWithoutAThresholdHasNoWatchingThread() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().name("unwatched"))) {
      fake.start();
      assertThat(liveThread("unwatched-watchdog")).isNull();
    }
  }

  @Test
  void listenerThatWaitsForTheLoopDoesNotHoldItForEver() throws Exception {
    var loop = new AtomicReference<EventLoop>();
    var closed = new CountDownLatch(1);
    var blocker = new Blocker();
    try (var fake =
        FakeLoop.open(
            LoopConfig.builder()
                .stallThreshold(Duration.ofMillis(5))
                .onStall(report -> {
                  blocker.released.countDown();
                  loop.get().close();
                  closed.countDown();
                }))) {
      loop.set(fake.loop);
      fake.start();
      fake.loop.execute(blocker);
      Await.await(closed);
      fake.runner().join();
    }
  }

  private static Thread liveThread(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(name))
        .findAny()
        .orElse(null);
  }
}
