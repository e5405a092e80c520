package mill.core.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.File;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.LoopRunner;
import mill.core.Registration;
import mill.core.ShutdownReport;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a group's listener ends, and what becomes of its connections; over real loopback sockets. */
class GroupListenerEndTest {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';

  private final GroupClients clients = new GroupClients();

  @AfterEach
  void closeClients() {
    clients.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = AcceptMode.class,
      names = {"AUTO", "HANDOFF"})
  void closingStopsAcceptingAndConnectionsLiveOn(AcceptMode mode) throws Exception {
    var accepted = new CountDownLatch(1);
    var served = new CountDownLatch(1);
    try (EventLoopGroup group = GroupClients.start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
              mode,
              (loop, stream) -> {
                loop.register(
                    stream, Interest.READABLE, (registration, readiness) -> served.countDown());
                accepted.countDown();
              });
      clients.connect(listener, 1);
      Await.await(accepted);
      listener.close();
      listener.close();
      // A call of accept(2) that is in flight keeps the socket until it has returned.
      LoopRunner.hold(group.loops().getFirst()).countDown();
      LoopRunner.hold(group.loops().getLast()).countDown();
      Net.requireRefused(listener.localAddress());
      Net.poke(clients.first());
      Await.await(served);
      GroupShutdownReport report =
          group.shutdown(Duration.ZERO).toCompletableFuture().get(30, TimeUnit.SECONDS);
      assertThat(report.listenersClosed()).isZero(); // it was closed before
      assertThat(report.forced() + report.ended()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {GroupClients.BACKLOG, Integer.MAX_VALUE})
  void closingHandsWhatWaitsToTheLoopsInTurnAsTasks(int backlog) throws Exception {
    int each = 3;
    var accepted = new CountDownLatch(3 * each);
    try (EventLoopGroup group = GroupClients.start(3)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              backlog,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      EventLoop acceptor = group.loops().getFirst();
      CountDownLatch released = LoopRunner.hold(acceptor);
      clients.connect(listener, 3 * each);
      listener.close();
      released.countDown();
      Await.await(accepted);
      assertThat(IntStream.range(0, 3).mapToLong(listener::accepted)).containsOnly((long) each);
    }
  }

  @Test
  void closingOnTheAcceptorsOwnLoopCallsNobodyInside() throws Exception {
    var accepted = new CountDownLatch(2);
    var acceptedInside = new CompletableFuture<Long>();
    try (EventLoopGroup group = GroupClients.start(1)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      EventLoop acceptor = group.loops().getFirst();
      CountDownLatch released = LoopRunner.hold(acceptor);
      clients.connect(listener, 2);
      acceptor.execute(() -> { // of the same turn: there is no poll before it
        listener.close();
        acceptedInside.complete(listener.accepted(0));
      });
      released.countDown();
      assertThat(Await.outcomeOf(acceptedInside)).isZero();
      Await.await(accepted);
    }
  }

  @Test
  void shutdownClosesTheListenersFirstAndLetsConnectionsFinish() throws Exception {
    var accepted = new CountDownLatch(2);
    var told = new CountDownLatch(2);
    var ending =
        new EventHandler() {
          @Override
          public void onReady(Registration registration, Readiness readiness) {
            registration.close(); // the client's last word
          }

          @Override
          public void onShutdown(Registration registration) {
            told.countDown();
          }
        };
    try (EventLoopGroup group = GroupClients.start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                loop.register(stream, Interest.READABLE, ending);
                accepted.countDown();
              });
      clients.connect(listener, 2);
      Await.await(accepted);
      // Its own drain comes too late then. Under Wine it would go on listening.
      CountDownLatch refused =
          ON_WINDOWS ? new CountDownLatch(1) : LoopRunner.hold(group.loops().getFirst());
      var shutdown = group.shutdown(Duration.ofHours(1)).toCompletableFuture();
      Net.requireRefused(listener.localAddress());
      refused.countDown();
      assertThatIllegalStateException()
          .isThrownBy(() -> group.listen(Net.loopback(), (loop, stream) -> stream.close()));
      Await.await(told);
      assertThat(shutdown).isNotDone();
      for (TcpStream client : clients.all()) {
        Net.poke(client);
      }
      GroupShutdownReport report = Await.outcome(shutdown);
      assertThat(report.inTime()).isTrue();
      assertThat(report.listenersClosed()).isEqualTo(1);
      assertThat(report.loops()).extracting(ShutdownReport::ended).containsExactly(1, 1);
    }
  }

  @Test
  void monitorThatAUserHoldsDoesNotStopTheEndOfTheListener() throws Exception {
    try (EventLoopGroup group = GroupClients.start(2)) {
      GroupListener listener = group.listen(Net.loopback(), (loop, stream) -> stream.close());
      synchronized (listener) {
        synchronized (group) {
          Await.outcomeOf(
              Await.outcome(
                  Await.inBackground("shuts down", () -> group.shutdown(Duration.ofSeconds(30)))));
        }
      }
    }
  }
}
