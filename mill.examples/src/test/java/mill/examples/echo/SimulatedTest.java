package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.sim.SimHost;
import mill.sim.SimReport;
import mill.sim.Simulation;
import org.junit.jupiter.api.Test;

/** The examples run in a simulation as they are. */
class SimulatedTest {
  private static final int SEEDS = 100;
  private static final int PORT = 8080;
  private static final int BYTES = 20_000;
  private static final Duration RETRY = Duration.ofMillis(20);

  @Test
  void quickStartEchoesOrCutsOffItsPeer() {
    SimReport report =
        Simulation.seeds(SEEDS)
            .expect("a whole echo", "cut off")
            .run(sim -> {
              SimHost host = sim.host("host"); // it binds loopback: its peers are on the same host
              host.serve(() -> QuickStart.main(new String[] {Integer.toString(PORT)}));
              host.start(() -> echo(sim, loopback(), false));
            });
    assertThat(report.seeds()).isEqualTo(SEEDS);
  }

  @Test
  void echoServerSendsBackEveryByteOfAConnectionThatLasts() {
    Simulation.seeds(SEEDS)
        .calmAfter(Duration.ofSeconds(10))
        .expect("a whole echo", "cut off")
        .run(sim -> {
          SimHost server = sim.host("server");
          SimHost client = sim.host("client");
          server.serve(() -> {
            try (var loop = EventLoop.open();
                var _ = new EchoServer(loop, new InetSocketAddress(PORT))) {
              loop.run();
            }
          });
          client.start(() -> echo(sim, server.address(PORT), true));
        });
  }

  @Test
  void streamFromOutsideIsRefused() throws IOException {
    try (var listener =
            TcpListener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        var outside = TcpStream.connect(listener.localAddress())) {
      Simulation.seeds(1)
          .run(sim ->
              sim.host("host")
                  .start(() -> {
                    try (var loop = EventLoop.open()) {
                      assertThatThrownBy(
                              () -> loop.register(outside, Interest.WRITABLE, (ready, what) -> {}))
                          .isInstanceOf(IllegalArgumentException.class)
                          .hasMessageContaining("belongs to " + outside.platform().name())
                          .hasMessageContaining("not to simulated on host host");
                    }
                  }));
    }
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT);
  }

  private static void echo(Simulation sim, InetSocketAddress server, boolean untilWhole)
      throws IOException {
    try (var loop = EventLoop.open()) {
      new Client(sim, loop, server, untilWhole).connect();
      loop.run();
    }
  }

  private static final class Client implements EventHandler {
    private final Simulation sim;
    private final EventLoop loop;
    private final InetSocketAddress server;
    private final boolean untilWhole;
    private final MemorySegment sending = new Pattern().bytes().asSlice(0, BYTES);
    private final MemorySegment receiving = Arena.ofAuto().allocate(BYTES);
    private int sent;
    private int received;

    Client(Simulation sim, EventLoop loop, InetSocketAddress server, boolean untilWhole) {
      this.sim = sim;
      this.loop = loop;
      this.server = server;
      this.untilWhole = untilWhole;
    }

    void connect() {
      sent = 0;
      received = 0;
      try {
        loop.register(TcpStream.connect(server), Interest.READABLE_WRITABLE, this);
      } catch (IOException e) {
        loop.schedule(RETRY, this::connect);
      }
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (!stream.isConnected() && !stream.finishConnect()) {
        return;
      }
      if (sent < BYTES) {
        sent += Math.max(stream.write(sending, sent, BYTES - sent), 0);
      }
      int read = received < BYTES ? stream.read(receiving, received, BYTES - received) : 0;
      received += Math.max(read, 0);
      if (received == BYTES) {
        if (receiving.mismatch(sending) >= 0) {
          sim.fail(new AssertionError("differs at " + receiving.mismatch(sending)));
        }
        sim.sometimes("a whole echo");
        loop.stop();
      } else if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      } else {
        registration.setInterest(sent < BYTES ? Interest.READABLE_WRITABLE : Interest.READABLE);
      }
    }

    @Override
    public void onError(Registration registration, Throwable error) {
      sim.sometimes("an error"); // of a bad day, not for the log
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      if (received < BYTES) {
        sim.sometimes(sent == 0 ? "not begun" : "cut off");
        if (untilWhole || sent == 0) {
          loop.schedule(RETRY, this::connect);
        } else {
          loop.stop();
        }
      }
    }
  }
}
