package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Promise 9: a handler that throws closes its own connection and nothing else. */
class ThrowingHandlerTest {
  static Stream<Arguments> modesAndThrowables() {
    List<EventHandler> bad =
        List.of(
            (mine, readiness) -> {
              throw new Exception("checked");
            },
            (mine, readiness) -> {
              throw new IllegalArgumentException("unchecked");
            },
            (mine, readiness) -> {
              throw new AssertionError("error");
            },
            (mine, readiness) -> sink(overflow(0)));
    return Stream.of(DispatchMode.values())
        .flatMap(mode -> bad.stream().map(handler -> Arguments.of(mode, handler)));
  }

  private static int overflow(int depth) {
    return depth == Integer.MAX_VALUE ? 0 : overflow(depth + 1) + 1;
  }

  private static void sink(int ignored) {}

  @ParameterizedTest
  @MethodSource("modesAndThrowables")
  void throwingHandlerClosesItsOwnConnectionAndTheLoopGoesOn(
      DispatchMode dispatch, EventHandler bad) throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var good = fake.platform.readablePollable()) {
      FakePollable broken = fake.platform.readablePollable();
      var recording = new RecordingHandler(bad);
      Registration registration = fake.loop.register(broken, Interest.READABLE, recording);
      var served = new CountDownLatch(100);
      fake.loop.register(good, Interest.READABLE, (mine, readiness) -> served.countDown());
      fake.start();
      Throwable error = recording.awaitError();
      Await.await(served);
      assertThat(error).isNotNull();
      assertThat(recording.errors()).as("heard once").hasSize(1);
      assertThat(broken.isOpen()).isFalse();
      assertThat(registration.isCancelled()).isTrue();
      assertThat(good.isOpen()).isTrue();
      Await.done(registration.cancel());
      var ran = new CountDownLatch(1);
      fake.loop.execute(ran::countDown);
      Await.await(ran);
    }
  }

  @Test
  void onErrorFindsThePollableClosedAndTheRegistrationCancelled() throws Exception {
    try (var fake = FakeLoop.open()) {
      FakePollable pollable = fake.platform.readablePollable();
      var heard = new CopyOnWriteArrayList<Object>();
      var told = new CountDownLatch(1);
      var thrown = new Exception("planned");
      fake.loop.register(
          pollable,
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) throws Exception {
              throw thrown;
            }

            @Override
            public void onError(Registration registration, Throwable error) {
              heard.add(error);
              heard.add(registration.pollable().isOpen());
              heard.add(registration.isCancelled());
              heard.add(fake.loop.isLoopThread());
              told.countDown();
            }
          });
      fake.start();
      Await.await(told);
      assertThat(heard).containsExactly(thrown, false, true, true);
    }
  }

  // An exception cannot suppress itself; trying to would throw once more, out of the loop.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void onErrorMayThrowWhatItWasToldAndTheLoopGoesOn(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var thrown = new IllegalStateException("planned");
      var reported = new CompletableFuture<Throwable>();
      fake.loop.register(
          fake.platform.readablePollable(),
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {
              Thread.currentThread()
                  .setUncaughtExceptionHandler((thread, told) -> reported.complete(told));
              throw thrown;
            }

            @Override
            public void onError(Registration registration, Throwable error) {
              throw (IllegalStateException) error;
            }
          });
      fake.start();
      assertThat(Await.outcomeOf(reported)).isSameAs(thrown);
      var ran = new CountDownLatch(1);
      fake.loop.execute(ran::countDown);
      Await.await(ran);
    }
  }

  private record ThrowsTwice(CountDownLatch caught) implements EventHandler {
    @Override
    public void onReady(Registration registration, Readiness readiness) throws Exception {
      Thread.currentThread()
          .setUncaughtExceptionHandler((thread, thrown) -> {
            if (thrown.getMessage().equals("second")
                && thrown.getSuppressed()[0].getMessage().equals("first")) {
              caught.countDown();
            }
            throw new IllegalStateException("third: the last resort throws as well");
          });
      throw new Exception("first");
    }

    @Override
    public void onError(Registration registration, Throwable error) {
      throw new IllegalStateException("second");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void whatOnErrorThrowsReachesTheUncaughtHandlerAndTheLoopGoesOn(DispatchMode dispatch)
      throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(1);
    try (var fake = FakeLoop.open(config);
        var good = fake.platform.readablePollable()) {
      FakePollable broken = fake.platform.readablePollable();
      var caught = new CountDownLatch(1);
      var served = new CountDownLatch(100);
      fake.loop.register(broken, Interest.READABLE, new ThrowsTwice(caught));
      fake.loop.register(good, Interest.READABLE, (mine, readiness) -> served.countDown());
      fake.start();
      Await.await(caught);
      Await.await(served);
      assertThat(broken.isOpen()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void oneThrowingConnectionInAHundredCostsTheOthersNothing(DispatchMode dispatch)
      throws Exception {
    int connections = 2_000;
    try (var fake = FakeLoop.open(dispatch)) {
      var over = new CountDownLatch(connections);
      var errors = new AtomicInteger();
      for (int i = 0; i < connections; i++) {
        boolean bad = i % 100 == 0;
        fake.loop.register(
            fake.platform.readablePollable(),
            Interest.READABLE,
            new EventHandler() {
              @Override
              public void onReady(Registration registration, Readiness readiness) {
                if (bad) {
                  throw new IllegalStateException("planned");
                }
                registration.close();
                over.countDown();
              }

              @Override
              public void onError(Registration registration, Throwable error) {
                errors.incrementAndGet();
                over.countDown();
              }
            });
      }
      fake.start();
      Await.await(over);
      assertThat(errors).hasValue(connections / 100);
      fake.stopAndJoin();
      assertThat(fake.platform.openCount()).isZero();
    }
  }

  @Test
  void onErrorLogsAWarningByDefault() throws Exception {
    ChildJvm.Outcome outcome = program(DefaultOnErrorProgram.class).run("other");
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.err())
        .contains("a handler threw, its connection was closed", "FakePollable[fd 3, closed]")
        .contains("java.lang.IllegalStateException: planned", "\tat ");
  }

  // Peers that go are the network's daily business: a line without a stack, for who asks for it.
  @Test
  void failedTransferIsADebugLineWithoutAStackByDefault(@TempDir Path folder) throws Exception {
    Path logging = folder.resolve("logging.properties");
    Files.writeString(
        logging,
        """
        handlers=java.util.logging.ConsoleHandler
        java.util.logging.ConsoleHandler.level=FINE
        mill.core.level=FINE
        """);
    ChildJvm.Outcome outcome =
        program(DefaultOnErrorProgram.class)
            .with("-Djava.util.logging.config.file=" + logging)
            .run("transfer");
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.err().lines())
        .filteredOn(line -> !line.contains("mill.core.HandlerErrors")) // when and where
        .containsExactly(
            "FINE: a connection ended: Registration[FakePollable[fd 3, closed], READABLE,"
                + " cancelled]: mill.natives.ErrnoException: send: EPIPE (errno 32)");
  }

  @Test
  void failedTransferIsNotLoggedAsAWarning() throws Exception {
    ChildJvm.Outcome outcome = program(DefaultOnErrorProgram.class).run("transfer");
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.err()).isEmpty();
  }

  // Without a handler of the user's the JVM prints a stack as if the thread had died.
  @Test
  void taskAndTimerThatThrowSayThatTheLoopGoesOn() throws Exception {
    ChildJvm.Outcome outcome = program(ThrowingTaskProgram.class).run();
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("went on\n");
    assertThat(outcome.err())
        .containsOnlyOnce(
            "thread main goes on, although a callback or task has thrown what follows:"
                + " java.lang.IllegalStateException")
        .containsOnlyOnce(
            "thread main goes on, although a callback or task has thrown what follows:"
                + " java.lang.AssertionError")
        .contains("Exception in thread \"main\" java.lang.IllegalStateException: of a task")
        .contains("Exception in thread \"main\" java.lang.AssertionError: of a timer");
  }

  @Test
  void nothingIsSaidWhereTheUserHasAHandler() throws Exception {
    ChildJvm.Outcome outcome = program(ThrowingTaskProgram.class).run("handled");
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out().lines()).containsExactlyInAnyOrder("handled", "handled", "went on");
    assertThat(outcome.err()).isEmpty();
  }

  /** A loop whose task and timer throw. */
  static final class ThrowingTaskProgram {
    private ThrowingTaskProgram() {}

    public static void main(String[] args) throws Exception {
      if (args.length > 0) {
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> System.out.println(args[0]));
      }
      var platform = new FakePlatform();
      try (EventLoop loop = EventLoop.open(LoopConfig.builder().platform(platform).build())) {
        loop.execute(() -> {
          throw new IllegalStateException("of a task");
        });
        loop.schedule(
            Duration.ofMillis(1),
            () -> {
              throw new AssertionError("of a timer");
            });
        loop.schedule(
            Duration.ofMillis(10),
            () -> {
              System.out.println("went on");
              loop.stop();
            });
        loop.run();
      }
    }
  }

  /** A loop with one handler that throws, and nothing that would hear of it. */
  static final class DefaultOnErrorProgram {
    private DefaultOnErrorProgram() {}

    public static void main(String[] args) throws Exception {
      var platform = new FakePlatform();
      try (EventLoop loop = EventLoop.open(LoopConfig.builder().platform(platform).build())) {
        loop.register(
            platform.readablePollable(),
            Interest.READABLE,
            (registration, readiness) -> {
              loop.stop();
              if (args[0].equals("other")) {
                throw new IllegalStateException("planned");
              }
              throw new ErrnoException("send", 32, "EPIPE");
            });
        loop.run();
      }
    }
  }

  // Whatever the virtual machine warns of, under Wine for instance, is not mill's.
  private static ChildJvm program(Class<?> main) {
    return ChildJvm.of(main).with("-XX:-PrintWarnings");
  }
}
