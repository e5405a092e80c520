package mill.core.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a group's listeners do when loops end, one or all; over real loopback sockets. */
class EndedLoopTest {
  private static final int BACKLOG = 64;
  private static final MemorySegment ONE_BYTE = Arena.global().allocateFrom("x");

  private final List<TcpStream> clients = new ArrayList<>();

  @AfterEach
  void closeClients() {
    clients.forEach(TcpStream::close);
  }

  private static EventLoopGroup start(int loops) throws IOException {
    return EventLoopGroup.open(LoopGroupConfig.builder().loops(loops).name("ends").build()).start();
  }

  private TcpStream connect(GroupListener listener) throws IOException {
    TcpStream client = TcpStream.connect((InetSocketAddress) listener.localAddress());
    clients.add(client);
    Net.finishConnect(client);
    return client;
  }

  private static void requireBalanced(AcceptMode mode) {
    if (mode == AcceptMode.SHARDED && !CurrentPlatform.get().balancesListeners()) {
      abort(CurrentPlatform.get().name() + " does not spread connections with SO_REUSEPORT");
    }
  }

  private static void end(EventLoop loop, boolean closes) throws Exception {
    if (closes) {
      loop.close();
    } else {
      loop.stop();
    }
    Await.eventually("the loop has ended", loop::hasEnded);
  }

  private static void greet(EventLoop loop, TcpStream stream) throws IOException {
    stream.write(ONE_BYTE, 0, 1);
    stream.close();
  }

  @ParameterizedTest
  @CsvSource({
    "SHARDED, 0, false",
    "SHARDED, 1, true",
    "HANDOFF, 0, false",
    "HANDOFF, 0, true",
    "HANDOFF, 1, false",
    "HANDOFF, 1, true"
  })
  void everyConnectionIsServedByTheLoopsThatAreLeft(AcceptMode mode, int victim, boolean closes)
      throws Exception {
    requireBalanced(mode);
    try (EventLoopGroup group = start(2)) {
      GroupListener listener = group.listen(Net.loopback(), BACKLOG, mode, EndedLoopTest::greet);
      end(group.loops().get(victim), closes);
      // The thread of the ended loop brings its listeners away after the loop has ended.
      Await.eventually("the listeners have moved", () -> listener.livesWithout(victim));
      for (int i = 0; i < 20; i++) {
        assertThat(Net.readText(connect(listener), 1)).isEqualTo("x");
      }
      assertThat(listener.accepted(victim)).isZero();
      assertThat(listener.accepted(1 - victim)).isEqualTo(20);
      assertThat(listener.failure()).isEmpty();
      assertThat(group.failure()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = AcceptMode.class,
      names = {"SHARDED", "HANDOFF"})
  void listenerOfWhichNoLoopIsLeftSaysSoAndIsClosed(AcceptMode mode) throws Exception {
    requireBalanced(mode);
    try (EventLoopGroup group = start(2)) {
      GroupListener listener = group.listen(Net.loopback(), BACKLOG, mode, EndedLoopTest::greet);
      end(group.loops().get(0), false);
      end(group.loops().get(1), false);
      Await.eventually("the listener has failed", () -> listener.failure().isPresent());
      assertThat(listener.failure().get())
          .hasMessageContaining("all loops of the group have ended");
      Net.requireRefused(listener.localAddress());
    }
  }

  @Test
  void loopsThatHaveEndedAreChosenNoMore() throws Exception {
    try (EventLoopGroup group = start(3)) {
      end(group.loops().get(1), false);
      for (int i = 0; i < 9; i++) {
        assertThat(group.next()).isNotSameAs(group.loops().get(1));
        assertThat(group.loopFor(i)).isNotSameAs(group.loops().get(1));
      }
      GroupListener listener = group.listen(Net.loopback(), EndedLoopTest::greet);
      for (int i = 0; i < 9; i++) {
        assertThat(Net.readText(connect(listener), 1)).isEqualTo("x");
      }
      assertThat(listener.accepted(1)).isZero();
    }
  }

  // Twelve listeners gave twelve connections to loop 0, for each counted by itself.
  @Test
  void firstConnectionsOfManyListenersAreSpreadOverTheLoops() throws Exception {
    try (EventLoopGroup group = start(4)) {
      var listeners = new ArrayList<GroupListener>();
      for (int i = 0; i < 12; i++) {
        listeners.add(
            group.listen(Net.loopback(), BACKLOG, AcceptMode.HANDOFF, EndedLoopTest::greet));
        assertThat(Net.readText(connect(listeners.getLast()), 1)).isEqualTo("x");
      }
      assertThat(
              IntStream.range(0, 4)
                  .mapToLong(loop -> listeners.stream().mapToLong(l -> l.accepted(loop)).sum()))
          .containsOnly(3L);
    }
  }

  // They had connected, and were reset: the listener was closed with them in its queue.
  @ParameterizedTest
  @EnumSource(
      value = AcceptMode.class,
      names = {"SHARDED", "HANDOFF"})
  void connectionsThatWaitToBeAcceptedAreServedThoughTheGroupShutsDown(AcceptMode mode)
      throws Exception {
    requireBalanced(mode);
    var held = new CountDownLatch(2);
    var go = new CountDownLatch(1);
    try (EventLoopGroup group = start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              mode,
              (loop, stream) -> loop.register(stream, Interest.WRITABLE, new Greeter()));
      for (EventLoop loop : group.loops()) {
        loop.execute(() -> {
          held.countDown();
          Await.await(go);
        });
      }
      Await.await(held);
      for (int i = 0; i < 20; i++) {
        connect(listener);
      }
      CompletableFuture<GroupShutdownReport> report =
          group.shutdown(Duration.ofSeconds(5)).toCompletableFuture();
      go.countDown();
      for (TcpStream client : clients) {
        assertThat(Net.readText(client, 1)).isEqualTo("x");
      }
      Await.outcomeOf(report);
      assertThat(listener.accepted(0) + listener.accepted(1)).isEqualTo(20);
    }
  }

  /** Says its word, also in a shutdown. */
  private static final class Greeter implements EventHandler {
    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      ((TcpStream) registration.pollable()).write(ONE_BYTE, 0, 1);
      registration.close();
    }

    @Override
    public void onShutdown(Registration registration) {
      // It is writable soon.
    }
  }

  @Test
  void secondServerOfTheAddressIsRefusedThoughTheFirstHasSeveralLoops() throws Exception {
    try (EventLoopGroup first = start(2);
        EventLoopGroup second = start(2)) {
      GroupListener listener = first.listen(Net.loopback(), EndedLoopTest::greet);
      var address = (InetSocketAddress) listener.localAddress();
      assertThatThrownBy(() -> second.listen(address, EndedLoopTest::greet))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EADDRINUSE");
      assertThatThrownBy(() -> TcpListener.bind(address))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EADDRINUSE");
    }
  }
}
