package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mill.core.FakePoller.Op;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.Threads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Promise 13, for {@code close()}, from wherever it is called. */
class CloseTest {
  private static final EventHandler NOTHING = (registration, readiness) -> {};

  private static List<FakePollable> registerSome(FakeLoop fake) throws Exception {
    var pollables = new ArrayList<FakePollable>();
    for (int i = 0; i < 20; i++) {
      pollables.add(fake.platform.pollable());
      Interest interest = i % 2 == 0 ? Interest.READABLE : Interest.NONE;
      fake.loop.register(pollables.getLast(), interest, NOTHING);
    }
    return pollables;
  }

  /** Registers some, and lets the loop run until it sleeps: only what comes then is recorded. */
  private static List<FakePollable> settleWithSome(FakeLoop fake) throws Exception {
    List<FakePollable> pollables = registerSome(fake);
    fake.start();
    fake.settle();
    fake.poller().forgetCalls();
    return pollables;
  }

  /** Those of {@link #registerSome} that something is reported of. */
  private static void assertTakenOut(FakePoller poller) {
    assertThat(poller.ops()).filteredOn(op -> op == Op.REMOVE).hasSize(10);
  }

  private static void assertReleased(FakeLoop fake) {
    assertThat(fake.platform.openCount()).isZero();
    assertThat(fake.platform.allPollersClosed()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeOfALoopThatNeverRanClosesWhatIsRegistered(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      List<FakePollable> pollables = registerSome(fake);
      var where = new AtomicReference<Thread>();
      fake.loop.execute(() -> where.set(Thread.currentThread()));
      fake.loop.close();
      assertThat(where).as("tasks run on the closing thread").hasValue(Thread.currentThread());
      assertThat(pollables).noneMatch(FakePollable::isOpen);
      assertReleased(fake);
      fake.loop.close();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeOfALoopThatHasEndedClosesWhatIsRegistered(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      registerSome(fake);
      fake.start();
      fake.stopAndJoin();
      assertThat(fake.platform.openCount()).as("stop closes nothing").isEqualTo(20);
      fake.loop.close();
      assertReleased(fake);
    }
  }

  // Whatever the kernel forgets with the poller need not be taken out one by one.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeTakesNothingOutOfASetThatIsGivenBackNext(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      FakePoller poller = fake.poller();
      poller.forgetWithClose();
      List<FakePollable> pollables = settleWithSome(fake);
      fake.loop.close();
      assertThat(poller.ops()).doesNotContain(Op.REMOVE);
      assertThat(pollables).noneMatch(FakePollable::isOpen);
      assertReleased(fake);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeTakesEachOutFirstWhereOperationsAreUnderWay(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      FakePoller poller = fake.poller();
      settleWithSome(fake);
      fake.loop.close();
      assertTakenOut(poller);
      assertReleased(fake);
    }
  }

  // The loop goes on: what is closed and has a duplicate would be reported again and again.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatIsClosedWhileTheLoopTurnsIsTakenOutInAnyCase(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      FakePoller poller = fake.poller();
      poller.forgetWithClose();
      settleWithSome(fake);
      Await.outcomeOf(fake.loop.shutdown(Duration.ofSeconds(10)));
      assertTakenOut(poller);
      assertReleased(fake);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeFromAnotherThreadReturnsWhenEverythingIsReleased(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      registerSome(fake);
      var entered = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var finished = new AtomicBoolean();
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          (mine, readiness) -> {
            entered.countDown();
            Await.await(release);
            finished.set(true);
          });
      fake.start();
      Await.await(entered);
      var returned = new CountDownLatch(1);
      FutureTask<Boolean> closing =
          Await.inBackground(
              "closing",
              () -> {
                fake.loop.close();
                returned.countDown();
                assertReleased(fake);
                return finished.get();
              });
      assertThat(Await.happensInAMoment(returned)).isFalse();
      release.countDown();
      assertThat(Await.outcome(closing)).as("the handler had finished").isTrue();
      fake.runner().join();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeFromAHandlerReturnsAtOnceAndIsDoneBeforeRunReturns(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      registerSome(fake);
      var openAfterClose = new AtomicInteger(-1);
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          Trigger.ONESHOT,
          (mine, readiness) -> {
            mine.loop().close();
            mine.loop().close();
            openAfterClose.set(fake.platform.openCount());
          });
      fake.start();
      fake.runner().join();
      assertReleased(fake);
      assertThat(openAfterClose).as("not under the feet of the handler").hasValue(21);
    }
  }

  @Test
  void closeFromATaskReturnsAtOnceAndIsDoneBeforeRunReturns() throws Exception {
    try (var fake = FakeLoop.open()) {
      registerSome(fake);
      var ran = new AtomicInteger();
      fake.loop.execute(fake.loop::close);
      fake.loop.execute(ran::incrementAndGet);
      fake.start();
      fake.runner().join();
      assertReleased(fake);
      assertThat(ran).hasValue(1);
    }
  }

  @Test
  void closeFromATaskThatRunsAsTheLoopIsClosedReturns() throws Exception {
    try (var fake = FakeLoop.open()) {
      fake.loop.execute(fake.loop::close);
      fake.loop.close();
      assertReleased(fake);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeBeforeTheThreadOfTheLoopGotToRunItIsNoRace(DispatchMode dispatch) throws Exception {
    for (int round = 0; round < 200; round++) {
      try (var fake = FakeLoop.open(dispatch)) {
        registerSome(fake);
        LoopRunner runner = LoopRunner.start(fake.loop);
        fake.loop.close();
        assertReleased(fake);
        try {
          runner.join();
        } catch (IllegalStateException e) {
          assertThat(e).hasMessageContaining("closed");
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closeFromManyThreadsAtOnceClosesOnceAndAllReturnAfterIt(DispatchMode dispatch)
      throws Exception {
    for (int round = 0; round < 100; round++) {
      try (var fake = FakeLoop.open(dispatch)) {
        registerSome(fake);
        if (round % 3 > 0) {
          fake.start();
        }
        if (round % 3 > 1) {
          fake.stopAndJoin();
        }
        Threads.together(
            3,
            () -> {
              fake.loop.close();
              assertReleased(fake);
            });
      }
    }
  }

  @Test
  void closeThatIsInterruptedStillWaitsAndKeepsTheInterrupt() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      registerSome(fake);
      FutureTask<Boolean> closing =
          Await.inBackground(
              "closing",
              () -> {
                Thread.currentThread().interrupt();
                fake.loop.close();
                assertReleased(fake);
                return Thread.interrupted();
              });
      assertThat(Await.outcome(closing)).isTrue();
    }
  }

  @Test
  void oneDescriptorThatCannotBeClosedDoesNotKeepTheOthersOpen() throws Exception {
    try (var fake = FakeLoop.open()) {
      List<FakePollable> pollables = registerSome(fake);
      fake.poller().fail(Op.REMOVE, 0, "EIO");
      var uncaught = new CopyOnWriteArrayList<Throwable>();
      FutureTask<Void> closing =
          Await.inBackground(
              "closing",
              () -> {
                Thread.currentThread()
                    .setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
                fake.loop.close();
                return null;
              });
      Await.outcome(closing);
      assertThat(uncaught).hasSize(1);
      assertThat(pollables).noneMatch(FakePollable::isOpen);
      assertReleased(fake);
    }
  }

  // Whoever registers while the loop is closed gets an exception or a registration that is closed:
  // never a pollable that nobody owns.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void registeringWhileTheLoopIsClosedLeavesNothingRegistered(DispatchMode dispatch)
      throws Exception {
    for (int round = 0; round < 300; round++) {
      try (var fake = FakeLoop.open(dispatch)) {
        if (round % 2 == 0) {
          fake.start();
        }
        var begun = new CountDownLatch(1);
        FutureTask<Registration> registering =
            Await.inBackground("registering", () -> registerUntilClosed(fake, begun));
        Await.await(begun);
        fake.loop.close();
        Registration last = Await.outcome(registering);
        assertThat(last.isCancelled()).isTrue();
        assertThat(fake.platform.openCount()).isZero();
      }
    }
  }

  private static Registration registerUntilClosed(FakeLoop fake, CountDownLatch begun) {
    Registration last = null;
    while (true) {
      FakePollable pollable = fake.platform.pollable();
      try {
        last = fake.loop.register(pollable, Interest.READABLE, NOTHING);
        begun.countDown();
      } catch (Exception e) {
        pollable.close();
        return last;
      }
    }
  }

  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void descriptorsAndThreadsAreBackWhereTheyWereAfterManyLoops() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(BaselineProgram.class).working().run();
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("baseline\n");
  }

  // The virtual machine's own count, to the byte. One array of epoll events that stays behind is
  // 6 KiB, one slab of a pool 1 MiB.
  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void offHeapMemoryIsBackWhereItWasAfterManyLoops() throws Exception {
    long few = offHeapBytesAfter(5);
    long many = offHeapBytesAfter(105);
    assertThat(many - few).as("bytes left behind by 100 more loops").isLessThan(100 * 1_024L);
  }

  private static long offHeapBytesAfter(int loops) throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(OffHeapProgram.class)
            .with(
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:NativeMemoryTracking=summary",
                "-XX:+PrintNMTStatistics")
            .working()
            .run(Integer.toString(loops));
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    Matcher other = Pattern.compile("\\(malloc=(\\d+) tag=Other").matcher(outcome.out());
    assertThat(other.find()).as(outcome.toString()).isTrue();
    return Long.parseLong(other.group(1));
  }
}
