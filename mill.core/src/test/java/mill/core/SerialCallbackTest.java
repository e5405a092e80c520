package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import mill.core.FakePoller.Call;
import mill.core.FakePoller.Op;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.UnixStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Promise 3: the callbacks of one registration never overlap and keep their order. */
class SerialCallbackTest {
  private static final int CONNECTIONS = 5;
  private static final int CALLBACKS = 3_000;

  static Stream<Arguments> modesAndTriggers() {
    return Stream.of(DispatchMode.values())
        .flatMap(mode -> Stream.of(Trigger.values()).map(trigger -> Arguments.of(mode, trigger)));
  }

  /**
   * Counts in plain fields: two callbacks at once, or one that does not see what the last one did,
   * miscount.
   */
  private static final class Counting implements EventHandler {
    final CountDownLatch enough = new CountDownLatch(1);
    final AtomicInteger overlaps = new AtomicInteger();
    final AtomicInteger calls = new AtomicInteger();
    private final AtomicBoolean inside = new AtomicBoolean();
    private int plain;

    @Override
    public void onReady(Registration registration, Readiness readiness) throws Exception {
      if (!inside.compareAndSet(false, true)) {
        overlaps.incrementAndGet();
      }
      int seen = plain;
      registration.setInterest(registration.interest(), triggerOf(registration));
      for (int i = 0; i < 50; i++) {
        Thread.onSpinWait();
      }
      plain = seen + 1;
      inside.set(false);
      if (calls.incrementAndGet() == CALLBACKS) {
        Await.done(registration.cancel());
        enough.countDown();
      }
    }

    private static Trigger triggerOf(Registration registration) {
      return (Trigger) registration.attachment();
    }
  }

  @ParameterizedTest
  @MethodSource("modesAndTriggers")
  void callbacksOfOneRegistrationNeverOverlap(DispatchMode dispatch, Trigger trigger)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch)) {
      var handlers = new ArrayList<Counting>();
      var pollables = new ArrayList<FakePollable>();
      for (int i = 0; i < CONNECTIONS; i++) {
        var handler = new Counting();
        handlers.add(handler);
        pollables.add(fake.platform.readablePollable());
        fake.loop
            .register(pollables.getLast(), Interest.READABLE, trigger, handler)
            .attach(trigger);
      }
      fake.start();
      var edges = new AtomicBoolean(true);
      FutureTask<Void> firing =
          Await.inBackground(
              "edges",
              () -> {
                while (edges.get()) {
                  pollables.forEach(pollable -> pollable.ready(Readiness.READABLE));
                }
                return null;
              });
      for (Counting handler : handlers) {
        Await.await(handler.enough);
      }
      edges.set(false);
      Await.outcome(firing);
      fake.stopAndJoin();
      for (Counting handler : handlers) {
        assertThat(handler.overlaps).hasValue(0);
        assertThat(handler.plain).isEqualTo(handler.calls.get()).isEqualTo(CALLBACKS);
      }
      pollables.forEach(FakePollable::close);
    }
  }

  @ParameterizedTest
  @MethodSource("modesAndTriggers")
  void bytesOfAConnectionAreHandledInTheirOrder(DispatchMode dispatch, Trigger trigger)
      throws Exception {
    int bytes = 2_000;
    var config = LoopConfig.builder().dispatch(dispatch).workers(3);
    try (EventLoop loop = EventLoop.open(config.build())) {
      UnixStream.Pair pair = UnixStream.pair();
      var received = new ArrayList<Byte>();
      var all = new CountDownLatch(1);
      var reader = new ByteReader(received, bytes, all, trigger);
      loop.register(pair.first(), Interest.READABLE, trigger, reader);
      LoopRunner runner = LoopRunner.start(loop);
      var expected = new ArrayList<Byte>();
      for (int i = 0; i < bytes; i++) {
        expected.add((byte) i);
        Net.poke(pair.second(), (byte) i);
      }
      Await.await(all);
      runner.stopAndJoin();
      assertThat(received).isEqualTo(expected);
      pair.second().close();
    }
  }

  private record ByteReader(List<Byte> received, int wanted, CountDownLatch all, Trigger trigger)
      implements EventHandler {
    @Override
    public void onReady(Registration registration, Readiness readiness) throws Exception {
      var stream = (UnixStream) registration.pollable();
      var buffer = Arena.ofAuto().allocate(16);
      int read;
      do {
        read = stream.read(buffer);
        for (int i = 0; i < read; i++) {
          received.add(buffer.get(ValueLayout.JAVA_BYTE, i));
        }
      } while (read > 0 && trigger != Trigger.LEVEL);
      if (received.size() == wanted) {
        all.countDown();
      }
      if (trigger == Trigger.ONESHOT) {
        registration.setInterest(Interest.READABLE);
      }
    }
  }

  @Test
  void workersServeTheOthersWhileOneHandlerIsBusy() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var busy = fake.platform.readablePollable()) {
      var release = new CountDownLatch(1);
      var entered = new CountDownLatch(1);
      var served = new CountDownLatch(100);
      fake.loop.register(
          busy,
          Interest.READABLE,
          (registration, readiness) -> {
            entered.countDown();
            Await.await(release);
            busy.ready(0);
          });
      fake.start();
      Await.await(entered);
      for (int i = 0; i < 100; i++) {
        fake.loop.register(
            fake.platform.readablePollable(),
            Interest.READABLE,
            (registration, readiness) -> {
              registration.close();
              served.countDown();
            });
      }
      Await.await(served);
      release.countDown();
    }
  }

  // Whenever the busy handler returns, the next event of its connection has come already.
  @Test
  void aRegistrationThatIsAlwaysReadyDoesNotKeepTheOnlyWorker() throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1);
    var over = new AtomicBoolean();
    try (var fake = FakeLoop.open(config);
        var firehose = fake.platform.readablePollable();
        var quiet = fake.platform.pollable()) {
      var flowing = new CountDownLatch(10);
      var heard = new CountDownLatch(1);
      var ended = new CountDownLatch(1);
      fake.loop.register(
          firehose,
          Interest.READABLE,
          Trigger.EDGE,
          (registration, readiness) -> {
            if (over.get()) {
              ended.countDown();
            } else {
              firehose.ready(Readiness.READABLE);
              fake.settle();
              flowing.countDown();
            }
          });
      fake.loop.register(
          quiet,
          Interest.READABLE,
          (registration, readiness) -> {
            registration.close();
            heard.countDown();
          });
      fake.start();
      Await.await(flowing);
      quiet.ready(Readiness.READABLE);
      try {
        Await.await(heard);
      } finally {
        over.set(true);
        Await.await(ended);
      }
    }
  }

  // The kernel would report it again and again, and whoever polls would turn as fast as it can
  // until
  // the handler has read.
  @Test
  void nobodySpinsWhileAWorkerHandlesALevelTriggeredEvent() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var pollable = fake.platform.readablePollable()) {
      var held = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var over = new CountDownLatch(2);
      fake.poller().hook(Op.REMOVE, fd -> held.countDown());
      fake.poller().hook(Op.ADD, fd -> over.countDown());
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (registration, readiness) -> {
            Await.await(release);
            pollable.ready(0);
          });
      fake.start();
      Await.await(held);
      fake.poller().awaitPolls(3);
      fake.settle();
      assertThat(fake.poller().polls()).as("the event, the same again, the sleep").isEqualTo(3);
      release.countDown();
      Await.await(over);
      fake.settle();
      assertThat(fake.poller().polls()).isEqualTo(3);
    }
  }

  @Test
  void whatIsReportedWhileItsHandlerRunsIsReportedAgainAfterIt() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.WORKERS);
        var pollable = fake.platform.readablePollable()) {
      var held = new CountDownLatch(1);
      var again = new CountDownLatch(2);
      fake.poller().hook(Op.REMOVE, fd -> held.countDown());
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                again.countDown();
                if (again.getCount() == 0) {
                  pollable.ready(0);
                } else {
                  Await.await(held);
                }
              });
      fake.start();
      Await.await(again);
      fake.stopAndJoin();
      assertThat(fake.poller().ops()).startsWith(Op.ADD, Op.REMOVE, Op.ADD);
      assertThat(registration.interest()).isSameAs(Interest.READABLE);
    }
  }

  @Test
  void workerThatPollsItselfTellsTheKernelNothing() throws Exception {
    try (var fake = FakeLoop.open(LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(1));
        var pollable = fake.platform.readablePollable()) {
      var over = new CountDownLatch(20);
      fake.loop.register(
          pollable,
          Interest.READABLE,
          (registration, readiness) -> {
            over.countDown();
            if (over.getCount() == 0) {
              pollable.ready(0);
            }
          });
      fake.start();
      Await.await(over);
      fake.stopAndJoin();
      assertThat(fake.poller().calls())
          .containsExactly(new Call(Op.ADD, pollable.fd(), Interest.READABLE, Trigger.LEVEL));
    }
  }

  // Its tasks keep it with the workers all the time: it is never let go of, and what is reported
  // meanwhile has to be heard of all the same.
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void tasksThatNeverEndDoNotKeepARegistrationFromItsEvents(int workers) throws Exception {
    var config = LoopConfig.builder().dispatch(DispatchMode.WORKERS).workers(workers);
    try (var fake = FakeLoop.open(config);
        var pollable = fake.platform.pollable()) {
      var flowing = new CountDownLatch(100);
      var heard = new CountDownLatch(3);
      Registration registration =
          fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> heard.countDown());
      registration.execute(
          new Runnable() {
            @Override
            public void run() {
              flowing.countDown();
              if (heard.getCount() > 0) {
                registration.execute(this);
              }
            }
          });
      fake.start();
      Await.await(flowing);
      pollable.ready(Readiness.READABLE);
      Await.await(heard);
      pollable.ready(0);
    }
  }

  @Test
  void inlineLeavesTheTriggerToTheKernel() throws Exception {
    try (var fake = FakeLoop.open(DispatchMode.INLINE)) {
      for (Trigger trigger : Trigger.values()) {
        FakePollable pollable = fake.platform.pollable();
        fake.loop.register(pollable, Interest.READABLE, trigger, (mine, readiness) -> {});
        assertThat(fake.poller().calls())
            .last()
            .isEqualTo(new Call(Op.ADD, pollable.fd(), Interest.READABLE, trigger));
      }
    }
  }
}
