package mill.core.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Stream;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.FakePlatform;
import mill.core.FakePoller;
import mill.core.LoopConfig;
import mill.core.Registration;
import mill.core.ShutdownReport;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loops that live and end together. What is accepted for them is tested elsewhere. */
class EventLoopGroupTest {
  private static final int NO_SUCH_CPU = 1 << 20;

  private static EventLoopGroup open(String name, int loops) throws IOException {
    return EventLoopGroup.open(LoopGroupConfig.builder().name(name).loops(loops).build());
  }

  @Test
  void defaultsAreALoopForEachProcessorUnbound() {
    LoopGroupConfig config = LoopGroupConfig.defaults();
    assertThat(config.loops()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(config.name()).isEqualTo("mill");
    assertThat(config.cpus()).isEmpty();
    assertThat(config.failureTimeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.toString()).contains("mill", "cpus=[]", "PT10S");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, LoopGroupConfig.MAX_LOOPS + 1})
  void aNumberOfLoopsOutOfRangeIsRefused(int loops) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoopGroupConfig.builder().loops(loops))
        .withMessage("loops must be 1 to 1024, not " + loops);
  }

  @Test
  void negativeProcessorsAndTimesAreRefused() throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoopGroupConfig.builder().cpus(0, -1))
        .withMessageContaining("-1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoopGroupConfig.builder().failureTimeout(Duration.ofNanos(-1)))
        .withMessageContaining("negative");
    try (EventLoopGroup group = open("times", 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> group.shutdown(Duration.ofNanos(-1)))
          .withMessageContaining("negative");
    }
  }

  @Test
  void everyLoopHasItsNameAndItsSetup() throws IOException {
    var config =
        LoopGroupConfig.builder()
            .name("weaver")
            .loops(3)
            .loop(each -> each.name("ignored").eventsPerPoll(7))
            .build();
    try (EventLoopGroup group = EventLoopGroup.open(config)) {
      assertThat(group.loops())
          .extracting(loop -> loop.config().name())
          .containsExactly("weaver-0", "weaver-1", "weaver-2");
      assertThat(group.loops()).extracting(loop -> loop.config().eventsPerPoll()).containsOnly(7);
      assertThat(group.config()).isSameAs(config);
      assertThat(group.toString()).isEqualTo("EventLoopGroup[weaver, 3 loops, NEW]");
    }
  }

  @Test
  void nextTakesTheLoopsInTurn() throws IOException {
    try (EventLoopGroup group = open("turns", 3)) {
      List<EventLoop> six = Stream.generate(group::next).limit(6).toList();
      assertThat(six.subList(0, 3)).isEqualTo(group.loops());
      assertThat(six.subList(3, 6)).isEqualTo(group.loops());
    }
  }

  @Test
  void theSameKeyHasAlwaysTheSameLoopAndManyKeysAreSpread() throws IOException {
    try (EventLoopGroup group = open("keys", 4)) {
      assertThat(group.loopFor(new String("session")))
          .isSameAs(group.loopFor(new String("session")))
          .isSameAs(group.loopFor("session".hashCode()));
      assertThat(group.loopFor(Integer.MIN_VALUE)).isIn(group.loops());
      Map<EventLoop, Integer> keys = new HashMap<>();
      for (int key = 0; key < 4_000; key++) {
        keys.merge(group.loopFor(key), 1, Integer::sum);
      }
      assertThat(keys).hasSize(4);
      assertThat(keys.values()).allSatisfy(count -> assertThat(count).isBetween(900, 1_100));
    }
  }

  @Test
  void everyLoopRunsOnAThreadOfItsNameWhenStartReturns() throws Exception {
    try (EventLoopGroup group = open("started", 3).start()) {
      for (EventLoop loop : group.loops()) {
        var thread = new CompletableFuture<Thread>();
        loop.execute(() -> thread.complete(Thread.currentThread()));
        Thread running = Await.outcome(thread);
        assertThat(running.getName()).isEqualTo(loop.config().name());
        assertThat(running.isDaemon()).isFalse();
        assertThat(running.isVirtual()).isFalse();
        assertThat(loop.toString()).contains("RUNNING");
      }
    }
    assertThat(threadsNamed("started")).isEmpty();
  }

  @Test
  void aGroupStartsOnce() throws IOException {
    try (EventLoopGroup group = open("once", 1).start()) {
      assertThatIllegalStateException().isThrownBy(group::start);
    }
    try (EventLoopGroup group = open("never", 1)) {
      group.shutdown(Duration.ZERO).toCompletableFuture().join();
      assertThatIllegalStateException().isThrownBy(group::start);
    }
  }

  @Test
  void aThreadThatCannotBeBoundStopsAllAndIsNamedWithProcessorAndError() throws IOException {
    var config = LoopGroupConfig.builder().name("bound").loops(3).cpus(NO_SUCH_CPU).build();
    try (EventLoopGroup group = EventLoopGroup.open(config)) {
      assertThatThrownBy(group::start)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("bound-")
          .hasMessageContaining("cpu " + NO_SUCH_CPU)
          .hasMessageContaining("errno")
          .cause()
          .isInstanceOf(ErrnoException.class);
      assertThat(threadsNamed("bound")).isEmpty();
      assertThat(group.loops()).allSatisfy(loop -> assertThat(loop.toString()).contains("CLOSED"));
    }
  }

  @Test
  void aBoundThreadRunsOnItsProcessorAlone() throws Exception {
    if (!System.getProperty("os.name").equals("Linux")) {
      abort("only Linux tells in /proc what processors a thread may run on");
    }
    int cpu = firstAllowedCpu();
    var config = LoopGroupConfig.builder().name("nailed").loops(2).cpus(cpu).build();
    try (EventLoopGroup group = EventLoopGroup.open(config).start()) {
      for (EventLoop loop : group.loops()) {
        var allowed = new CompletableFuture<String>();
        loop.execute(() -> allowed.complete(allowedCpus("/proc/thread-self/status")));
        assertThat(Await.outcome(allowed)).isEqualTo(Integer.toString(cpu));
      }
    }
  }

  private static int firstAllowedCpu() {
    return Integer.parseInt(allowedCpus("/proc/self/status").split("[-,]", 2)[0]);
  }

  private static String allowedCpus(String file) {
    try (Stream<String> lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith("Cpus_allowed_list:"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void theReportOfAShutdownSumsUpTheLoops() throws Exception {
    var platform = new FakePlatform();
    var config = LoopGroupConfig.builder().name("sums").loops(2).loop(on(platform)).build();
    try (EventLoopGroup group = EventLoopGroup.open(config).start()) {
      var told = new CountDownLatch(2);
      var leaving = new Holder(told, 100);
      var staying = new Holder(told, 10);
      group.loops().get(0).register(platform.pollable(), Interest.READABLE, leaving);
      group.loops().get(1).register(platform.pollable(), Interest.READABLE, staying);
      group.loops().get(1).schedule(Duration.ofHours(1), () -> {});
      var report = group.shutdown(Duration.ofHours(1)).toCompletableFuture();
      Await.await(told);
      leaving.leave();
      assertThat(report).isNotDone();
      assertThat(group.shutdown(Duration.ZERO).toCompletableFuture().join())
          .isSameAs(Await.outcome(report));
      GroupShutdownReport sums = report.join();
      assertThat(sums.inTime()).isFalse();
      assertThat(sums.ended()).isEqualTo(1);
      assertThat(sums.forced()).isEqualTo(1);
      assertThat(sums.queuedBytes()).isEqualTo(110);
      assertThat(sums.undeliveredBytes()).isEqualTo(10);
      assertThat(sums.deliveredBytes()).isEqualTo(100);
      assertThat(sums.timersCancelled()).isEqualTo(1);
      assertThat(sums.loops()).extracting(ShutdownReport::forced).containsExactly(0, 1);
      assertThat(sums.failure()).isEmpty();
      assertThat(sums.took()).isPositive();
    }
    assertThat(platform.openCount()).isZero();
    assertThat(platform.allPollersClosed()).isTrue();
    assertThat(platform.violations()).isEmpty();
  }

  @Test
  void aGroupThatNeverRanIsShutDownByTheCaller() throws Exception {
    EventLoopGroup group = open("idle", 2);
    GroupShutdownReport report = group.shutdown(Duration.ofHours(1)).toCompletableFuture().join();
    assertThat(report.inTime()).isTrue();
    assertThat(group.loops()).allSatisfy(loop -> assertThat(loop.toString()).contains("CLOSED"));
    group.awaitEnd();
    group.close();
  }

  @SuppressWarnings("try") // closes what try closes too: that is the point
  @Test
  void aHandlerMayShutTheGroupDownAndCloseIt() throws Exception {
    try (EventLoopGroup group = open("self", 2).start()) {
      var report = new CompletableFuture<GroupShutdownReport>();
      var waiting = new CompletableFuture<Throwable>();
      group
          .next()
          .execute(() -> {
            var _ = group.shutdown(Duration.ofHours(1)).thenAccept(report::complete);
            group.close(); // returns at once
            waiting.complete(thrownBy(group::awaitEnd));
          });
      assertThat(Await.outcome(waiting)).isInstanceOf(IllegalStateException.class);
      assertThat(Await.outcome(report).loops()).hasSize(2);
      group.awaitEnd();
      assertThat(threadsNamed("self")).isEmpty();
    }
  }

  private static Throwable thrownBy(Threads.Work work) {
    try {
      work.run();
      return new AssertionError("nothing");
    } catch (Throwable thrown) {
      return thrown;
    }
  }

  @Test
  void aWorkerMayCloseTheGroup() throws Exception {
    var platform = new FakePlatform();
    var config =
        LoopGroupConfig.builder()
            .name("working")
            .loops(2)
            .loop(each -> each.platform(platform).dispatch(DispatchMode.WORKERS).workers(1))
            .build();
    EventLoopGroup group = EventLoopGroup.open(config).start();
    var closed = new CompletableFuture<Throwable>();
    var waiting = new CompletableFuture<Throwable>();
    group
        .loops()
        .getFirst()
        .register(
            platform.readablePollable(),
            Interest.READABLE,
            (registration, readiness) -> {
              closed.complete(thrownBy(group::close));
              waiting.complete(thrownBy(group::awaitEnd));
            });
    group.awaitEnd();
    assertThat(Await.outcome(closed)).as("it returns at once").hasMessage("nothing");
    assertThat(Await.outcome(waiting)).isInstanceOf(IllegalStateException.class);
    assertThat(platform.openCount()).isZero();
    assertThat(platform.allPollersClosed()).isTrue();
  }

  @Test
  void aShutdownWhileTheGroupStartsEndsIt() throws Exception {
    for (int i = 0; i < 50; i++) {
      EventLoopGroup group = open("race", 3);
      var closing =
          Await.inBackground(
              "closing",
              () -> {
                group.close();
                return null;
              });
      try {
        group.start();
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("shut down");
      }
      Await.outcome(closing);
      assertThat(group.failure()).isEmpty();
      assertThat(group.shutdown(Duration.ZERO).toCompletableFuture()).isDone();
      group.awaitEnd();
    }
    assertThat(threadsNamed("race")).isEmpty();
  }

  @Test
  void whenOneLoopFailsTheOthersDrainAndTheReportTellsWhy() throws Exception {
    var platform = new FakePlatform();
    var config = LoopGroupConfig.builder().name("frail").loops(2).loop(on(platform)).build();
    try (EventLoopGroup group = EventLoopGroup.open(config).start()) {
      var told = new CountDownLatch(1);
      var healthy = new Holder(told, 5);
      var doomed = new Holder(new CountDownLatch(1), 7);
      group.loops().get(0).register(platform.pollable(), Interest.READABLE, healthy);
      group.loops().get(1).register(platform.pollable(), Interest.READABLE, doomed);
      platform.poller().fail(FakePoller.Op.POLL, 0, "EIO"); // the last loop's
      Await.await(told); // drains: it was not closed but asked
      healthy.leave();
      group.awaitEnd();
      assertThat(group.failure()).get().asString().contains("EIO");
      GroupShutdownReport report = group.shutdown(Duration.ZERO).toCompletableFuture().join();
      assertThat(report.failure()).isEqualTo(group.failure());
      assertThat(report.loops().get(0).inTime()).isTrue();
      assertThat(report.loops().get(1).forced()).isEqualTo(1);
      assertThat(report.undeliveredBytes()).isEqualTo(7);
    }
    assertThat(platform.openCount()).isZero();
    assertThat(platform.allPollersClosed()).isTrue();
  }

  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void descriptorsAndThreadsAreBackWhereTheyWereAfterManyGroups() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(GroupBaselineProgram.class).working().run();
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("baseline\n");
  }

  private static Consumer<LoopConfig.Builder> on(FakePlatform platform) {
    return each -> each.platform(platform);
  }

  /** The threads of a group that are alive. */
  private static List<String> threadsNamed(String group) {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(group + "-"))
        .toList();
  }

  /** Does not end when it is told to, but when the test says so. */
  private static final class Holder implements EventHandler {
    private final CountDownLatch told;
    private volatile long bytes;
    private volatile Registration registration;

    Holder(CountDownLatch told, long bytes) {
      this.told = told;
      this.bytes = bytes;
    }

    @Override
    public void onReady(Registration ready, Readiness readiness) {
      throw new AssertionError("nothing is ready");
    }

    @Override
    public void onShutdown(Registration ending) {
      registration = ending;
      told.countDown();
    }

    @Override
    public long undeliveredBytes(Registration asked) {
      return bytes;
    }

    void leave() {
      bytes = 0;
      registration.close();
    }
  }
}
