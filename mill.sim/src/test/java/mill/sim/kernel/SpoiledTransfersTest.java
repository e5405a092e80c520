package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.sim.fault.FaultKind;
import mill.sim.kernel.TwoHosts.Connection;
import mill.sim.schedule.SplitMix64;
import org.junit.jupiter.api.Test;

/** What faults do to calls and connections, and that none of them loses an edge. */
class SpoiledTransfersTest {
  private final Map<FaultKind, Integer> happened = new EnumMap<>(FaultKind.class);

  /** Counts what happened. */
  private class Counting implements FaultSource {
    @Override
    public void happened(FaultKind kind) {
      happened.merge(kind, 1, Integer::sum);
    }
  }

  /** Everything that a transfer can be spoiled by, in every third case. */
  private class Spoiling extends Counting {
    private final SplitMix64 random = new SplitMix64(7);

    private boolean now() {
      return random.chance(0.3);
    }

    @Override
    public long transferLength(int host, Call call, long length) {
      return now() ? 1 + random.nextLong(length) : length;
    }

    @Override
    public boolean wouldBlock(int host, Call call) {
      return now();
    }

    @Override
    public boolean interrupted(int host, Call call) {
      return now();
    }

    @Override
    public boolean emptyPoll(int host) {
      return now();
    }

    @Override
    public long slowTurnNs(int host) {
      return now() ? random.nextLong(1_000_000) : 0;
    }

    @Override
    public long delayNs(int from, int to) {
      return now() ? random.nextLong(10_000_000) : 0;
    }
  }

  /** Edge-triggered on both sides, and never a second look without an event. */
  @Test
  void noEdgeIsLostToASpoiledTransfer() throws Exception {
    play(
        new Spoiling(),
        hosts -> {
          TcpListener listener = hosts.listener(80, 8);
          TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
          hosts.pass(Duration.ofSeconds(1));
          assertThat(client.finishConnect()).isTrue();
          TcpStream server;
          while ((server = listener.accept()) == null) {
            hosts.settle();
          }
          move(hosts, client, server, 300_000);
        });
    assertThat(happened)
        .containsKeys(
            FaultKind.SHORT_READ,
            FaultKind.SHORT_WRITE,
            FaultKind.WOULD_BLOCK,
            FaultKind.INTERRUPTED,
            FaultKind.EMPTY_POLL,
            FaultKind.SLOW_TURN,
            FaultKind.DELAYED);
  }

  private static void move(TwoHosts hosts, TcpStream from, TcpStream to, int total)
      throws Exception {
    try (var writing = Poller.open(hosts.client, token -> {});
        var reading = Poller.open(hosts.server, token -> {})) {
      writing.register(from, 1, Interest.WRITABLE, Trigger.EDGE);
      reading.register(to, 2, Interest.READABLE, Trigger.EDGE);
      MemorySegment chunk = hosts.arena.allocate(7_000);
      var events = new ReadyEvents(4);
      int sent = 0;
      int received = 0;
      for (int turns = 0; received < total; turns++) {
        assertThat(turns).as("sent %d, received %d", sent, received).isLessThan(100_000);
        writing.poll(events, 1_000_000);
        int moved = events.size() == 0 ? 0 : 1;
        while (moved > 0 && sent < total) {
          moved = from.write(chunk, 0, Math.min(7_000, total - sent));
          sent += Math.max(moved, 0);
          // A short write says that there is no room, as write(2) does.
          moved = moved < Math.min(7_000, total - sent + moved) ? 0 : moved;
        }
        reading.poll(events, 1_000_000);
        moved = events.size() == 0 ? 0 : 7_000;
        while (moved == 7_000) {
          moved = to.read(chunk);
          received += Math.max(moved, 0);
        }
      }
    }
  }

  @Test
  void theNthCallOfAKindFails() throws Exception {
    var faults =
        new Counting() {
          private int sends;

          @Override
          public int failure(int host, Call call) {
            return host == CLIENT && call == Call.SEND && ++sends == 2 ? SimErrnos.ENOMEM : 0;
          }
        };
    play(
        faults,
        hosts -> {
          Connection connection = hosts.connection();
          hosts.send(connection.client(), "one");
          assertThat(errorOf(() -> hosts.send(connection.client(), "two"))).isEqualTo("ENOMEM");
          hosts.send(connection.client(), "three");
          hosts.settle();
          assertThat(hosts.read(connection.server())).isEqualTo("onethree");
        });
    assertThat(happened).containsEntry(FaultKind.CALL_FAILED, 1);
  }

  private static FaultSource connecting(Counting counting, Fate fate) {
    return new FaultSource() {
      @Override
      public void happened(FaultKind kind) {
        counting.happened(kind);
      }

      @Override
      public Fate atConnect(int from, int to) {
        return fate;
      }
    };
  }

  @Test
  void aConnectIsRefusedResetOrEnded() throws Exception {
    for (Fate fate : new Fate[] {Fate.REFUSED, Fate.RESET, Fate.ENDED}) {
      play(
          connecting(new Counting(), fate),
          hosts -> {
            TcpListener listener = hosts.listener(80, 8);
            TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
            hosts.settle();
            switch (fate) {
              case REFUSED -> assertThat(errorOf(client::finishConnect)).isEqualTo("ECONNREFUSED");
              case RESET -> assertThat(errorOf(client::finishConnect)).isEqualTo("ECONNRESET");
              default -> {
                assertThat(client.finishConnect()).isTrue();
                assertThat(hosts.read(client)).isEqualTo("<end>");
                hosts.send(client, "x");
                hosts.settle();
                assertThat(errorOf(() -> hosts.send(client, "x"))).isEqualTo("EPIPE");
              }
            }
            assertThat(listener.accept()).isNull();
          });
    }
    assertThat(happened)
        .containsKeys(FaultKind.CONNECT_REFUSED, FaultKind.CONNECT_RESET, FaultKind.CONNECT_ENDED);
  }

  @Test
  void aConnectionIsResetOrEndedWhileItWaitsToBeAccepted() throws Exception {
    for (Fate fate : new Fate[] {Fate.RESET, Fate.ENDED}) {
      var faults =
          new Counting() {
            @Override
            public Fate inBacklog(int from, int to) {
              return fate;
            }
          };
      play(
          faults,
          hosts -> {
            TcpListener listener = hosts.listener(80, 8);
            TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
            hosts.settle();
            TcpStream server = listener.accept();
            assertThat(server).isNotNull();
            if (fate == Fate.RESET) {
              assertThat(errorOf(client::finishConnect)).isEqualTo("ECONNRESET");
              assertThat(errorOf(() -> hosts.read(server))).isEqualTo("ECONNRESET");
            } else {
              assertThat(hosts.read(server)).isEqualTo("<end>");
            }
          });
    }
    assertThat(happened).containsKeys(FaultKind.BACKLOG_RESET, FaultKind.BACKLOG_ENDED);
  }

  @Test
  void aConnectionIsResetOrEndedAmidItsBytes() throws Exception {
    for (Fate fate : new Fate[] {Fate.RESET, Fate.ENDED}) {
      var faults =
          new Counting() {
            private int segments;

            @Override
            public Fate midStream(int from, int to) {
              return ++segments == 2 ? fate : Fate.NONE;
            }
          };
      play(
          faults,
          hosts -> {
            Connection connection = hosts.connection();
            hosts.send(connection.client(), "one ");
            hosts.settle();
            hosts.send(connection.client(), "two");
            hosts.settle();
            var buffer = hosts.arena.allocate(64);
            assertThat(connection.server().read(buffer)).isEqualTo(4);
            if (fate == Fate.RESET) {
              assertThat(errorOf(() -> connection.server().read(buffer))).isEqualTo("ECONNRESET");
              assertThat(errorOf(() -> connection.client().read(buffer))).isEqualTo("ECONNRESET");
            } else {
              assertThat(connection.server().read(buffer)).isEqualTo(IoStatus.END_OF_STREAM);
              assertThat(errorOf(() -> hosts.send(connection.client(), "x"))).isEqualTo("EPIPE");
            }
          });
    }
    assertThat(happened).containsKeys(FaultKind.STREAM_RESET, FaultKind.STREAM_ENDED);
  }

  @Test
  void aCloseLosesWhatIsOnItsWay() throws Exception {
    var faults =
        new Counting() {
          @Override
          public Fate atClose(int from, int to) {
            return Fate.RESET;
          }
        };
    play(
        faults,
        hosts -> {
          Connection connection = hosts.connection();
          connection.client().close();
          hosts.settle();
          assertThat(errorOf(() -> hosts.read(connection.server()))).isEqualTo("ECONNRESET");
        });
    assertThat(happened).containsEntry(FaultKind.CLOSE_RESET, 1);
  }

  @Test
  void acceptLosesAConnectionOrLeavesIt() throws Exception {
    for (int error : new int[] {SimErrnos.ECONNABORTED, SimErrnos.EMFILE}) {
      var faults =
          new Counting() {
            private boolean told;

            @Override
            public int acceptError(int host) {
              int now = told ? 0 : error;
              told = true;
              return now;
            }
          };
      play(
          faults,
          hosts -> {
            TcpListener listener = hosts.listener(80, 8);
            TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
            hosts.settle();
            assertThat(client.finishConnect()).isTrue();
            if (error == SimErrnos.EMFILE) {
              assertThat(errorOf(listener::accept)).isEqualTo("EMFILE");
              assertThat(listener.accept()).isNotNull();
            } else {
              assertThat(listener.accept()).as("mill steps over it").isNull();
              hosts.settle();
              assertThat(errorOf(() -> hosts.read(client))).isEqualTo("ECONNRESET");
            }
          });
    }
  }

  @Test
  void aDelayedSegmentIsNotOvertakenOnItsConnection() throws Exception {
    var faults =
        new Counting() {
          private int segments;

          @Override
          public long delayNs(int from, int to) {
            return from == CLIENT && ++segments % 2 == 0 ? 50_000_000 : 0;
          }
        };
    play(
        faults,
        hosts -> {
          hosts.network.delay(100_000, 200_000);
          TcpListener listener = hosts.listener(80, 8);
          TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
          hosts.pass(Duration.ofSeconds(1));
          TcpStream server = listener.accept();
          client.finishConnect();
          var expected = new StringBuilder();
          for (int i = 0; i < 20; i++) {
            hosts.send(client, i + ";");
            expected.append(i).append(';');
          }
          hosts.pass(Duration.ofSeconds(2));
          assertThat(hosts.read(server)).isEqualTo(expected.toString());
        });
  }

  @Test
  void theSameSeedIsTheSameTrace() throws Exception {
    TwoHosts.Play play =
        hosts -> {
          Connection connection = hosts.connection();
          hosts.fill(connection.client());
          hosts.settle();
          hosts.drain(connection.server());
          connection.client().close();
          hosts.settle();
          hosts.connection(hosts.listener(80, 8));
        };
    long hash = play(5, FaultSource.NONE, play);
    assertThat(play(5, FaultSource.NONE, play)).isEqualTo(hash);
    assertThat(play(6, FaultSource.NONE, play)).isNotEqualTo(hash);
  }
}
