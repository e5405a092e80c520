package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.net.TcpListener;
import mill.natives.net.UdpSocket;
import mill.sim.fault.FaultKind;
import org.junit.jupiter.api.Test;

/** The platform as a whole: who may use it, its clock, and the order of its events. */
class SimPlatformTest {
  @Test
  void aThreadThatIsNotSimulatedIsRefusedWithAMessageThatSaysSo() throws Exception {
    play(hosts -> {
      var listener = hosts.listener(80, 8);
      var poller = Poller.open(hosts.client, token -> {});
      List<Throwable> thrown = new ArrayList<>();
      var outsider =
          Thread.ofPlatform()
              .start(() -> {
                thrown.add(catchThrowable(() -> hosts.listener(81, 8)));
                thrown.add(catchThrowable(listener::accept));
                thrown.add(catchThrowable(() -> listener.setOption(REUSE, true)));
                thrown.add(catchThrowable(() -> poller.poll(new ReadyEvents(1), 0)));
                thrown.add(catchThrowable(poller::wake));
                thrown.add(catchThrowable(() -> Poller.open(hosts.client, token -> {})));
                thrown.add(catchThrowable(hosts.client::nanoTime));
                thrown.add(catchThrowable(() -> hosts.client.pinCurrentThread(0)));
              });
      outsider.join();
      assertThat(thrown)
          .hasSize(8)
          .allSatisfy(each ->
              assertThat(each)
                  .isInstanceOf(IllegalStateException.class)
                  .hasMessageContaining("is not a thread of the simulation"));
    });
  }

  private static final mill.natives.net.SockOpt<Boolean> REUSE =
      mill.natives.net.SockOpt.SO_REUSEADDR;

  @Test
  void whatBelongsToAnotherHostIsRefusedByAPoller() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      try (var poller = Poller.open(hosts.client, token -> {})) {
        assertThatThrownBy(() -> poller.register(listener, 1, Interest.READABLE, Trigger.LEVEL))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("belongs to simulated on host server")
            .hasMessageContaining("not to simulated on host client");
      }
    });
  }

  @Test
  void aPollWaitsInTheWorldsTime() throws Exception {
    play(hosts -> {
      try (var poller = Poller.open(hosts.client, token -> {})) {
        poller.poll(new ReadyEvents(1), Duration.ofHours(1).toNanos());
        assertThat(hosts.now()).isEqualTo(Duration.ofHours(1));
      }
    });
  }

  @Test
  void aPollNeverEndsBeforeItsTimeByTheHostsOwnClock() throws Exception {
    play(hosts -> {
      for (long ppm : new long[] {-500_000, -7, 0, 13, 999_999}) {
        hosts.network.clock(CLIENT).skew(hosts.world.nowNs(), ppm);
        try (var poller = Poller.open(hosts.client, token -> {})) {
          for (long timeoutNs : new long[] {1, 999, 1_000_000, 1_000_000_007}) {
            long before = hosts.client.nanoTime();
            poller.poll(new ReadyEvents(1), timeoutNs);
            assertThat(hosts.client.nanoTime() - before)
                .isBetween(timeoutNs, timeoutNs + timeoutNs / 100 + 10);
          }
        }
      }
    });
  }

  @Test
  void aClockThatJumpsBackStandsStillUntilTheTimeHasCome() throws Exception {
    play(hosts -> {
      hosts.pass(Duration.ofSeconds(10));
      long before = hosts.client.nanoTime();
      hosts.network.clock(CLIENT).jump(hosts.world.nowNs(), -Duration.ofSeconds(4).toNanos());
      hosts.pass(Duration.ofSeconds(3));
      assertThat(hosts.client.nanoTime()).isEqualTo(before);
      hosts.pass(Duration.ofSeconds(2));
      assertThat(hosts.client.nanoTime()).isEqualTo(before + 1_000_000_000);
      hosts.network.clock(CLIENT).jump(hosts.world.nowNs(), Duration.ofSeconds(100).toNanos());
      assertThat(hosts.client.nanoTime()).isEqualTo(before + 101_000_000_000L);
    });
  }

  private static List<Long> order(TwoHosts hosts) throws Exception {
    try (var poller = Poller.open(hosts.client, token -> {})) {
      for (int i = 0; i < 8; i++) {
        UdpSocket socket = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
        poller.register(socket, i, Interest.WRITABLE, Trigger.LEVEL);
      }
      var events = new ReadyEvents(8);
      poller.poll(events, 0);
      List<Long> tokens = new ArrayList<>();
      for (int i = 0; i < events.size(); i++) {
        tokens.add(events.token(i));
      }
      return tokens;
    }
  }

  @Test
  void eventsComeInTheOrderOfTheirHappeningUnlessTheyAreShuffled() throws Exception {
    play(hosts -> assertThat(order(hosts)).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L));
    var orders = new HashSet<List<Long>>();
    var shuffling =
        new FaultSource() {
          private int shuffled;

          @Override
          public boolean shuffledBatch(int host) {
            return true;
          }

          @Override
          public void happened(FaultKind kind) {
            shuffled++;
          }
        };
    for (long seed = 1; seed <= 10; seed++) {
      play(
          seed,
          shuffling,
          hosts -> {
            List<Long> order = order(hosts);
            assertThat(order).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L);
            orders.add(order);
          });
    }
    assertThat(orders).hasSizeGreaterThan(8);
    assertThat(shuffling.shuffled).isEqualTo(10);
  }

  @Test
  void whatItsOwnerClosesLeavesThePollerByItself() throws Exception {
    play(hosts -> {
      var pipe = PipePair.open(hosts.client);
      RawFd borrowed = RawFd.borrow(hosts.client, pipe.source().fd());
      try (var poller = Poller.open(hosts.client, token -> {})) {
        poller.register(borrowed, 1, Interest.READABLE, Trigger.LEVEL);
        pipe.close();
        assertThat(poller.poll(new ReadyEvents(1), 0)).isZero();
        var next = PipePair.open(hosts.client); // which has the same numbers
        assertThat(next.source().fd()).isEqualTo(borrowed.fd());
        poller.register(next.source(), 2, Interest.READABLE, Trigger.LEVEL);
        next.sink().write(hosts.bytes("x"), 0, 1);
        var events = new ReadyEvents(4);
        assertThat(poller.poll(events, 0)).isEqualTo(1);
        assertThat(events.token(0)).isEqualTo(2);
      }
    });
  }
}
