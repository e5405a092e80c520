package mill.sim.programs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.sim.Faults;
import mill.sim.SimHost;
import mill.sim.Simulation;
import mill.sim.fault.FaultKind;
import org.junit.jupiter.api.Test;

/** A kind of fault that never comes proves nothing. */
class FaultKindsTest {
  private static final int SEEDS = 60;

  @Test
  void everyKindComesInTheProgramsOfTheBuild() {
    Set<FaultKind> missing = EnumSet.allOf(FaultKind.class);
    for (Programs program : Programs.values()) {
      remove(missing, program.unexpecting(SEEDS).run(program.scenario()).happened());
    }
    // What no seed draws, since a program asks for it.
    remove(
        missing,
        Simulation.seeds(1)
            .faults(Faults.none().nth("bind", 2, "ENOBUFS"))
            .calmAfter(Duration.ofMinutes(50))
            .run(FaultKindsTest::cornered)
            .happened());
    assertThat(missing).as("kinds of faults that never came").isEmpty();
  }

  private static void remove(Set<FaultKind> missing, Map<String, Long> happened) {
    missing.removeIf(kind -> happened.getOrDefault(kind.name(), 0L) > 0);
  }

  /** A host that has no descriptors, a call that fails, and a peer that is never reached. */
  private static void cornered(Simulation sim) {
    SimHost one = sim.host("one");
    SimHost other = sim.host("other");
    sim.cut(one, other);
    one.descriptors(6);
    one.start(() -> {
      try (var loop = EventLoop.open()) {
        TcpStream lost = TcpStream.connect(other.address(1));
        loop.register(lost, Interest.WRITABLE, new Connecting(loop));
        loop.run();
      }
      var first = UdpSocket.bind(new InetSocketAddress(0));
      for (int i = 0; i < 10; i++) {
        try {
          UdpSocket.bind(new InetSocketAddress(0)); // left open: the program ends
        } catch (IOException e) {
          sim.sometimes(e.getMessage());
        }
      }
      first.close();
    });
  }

  private record Connecting(EventLoop loop) implements EventHandler {
    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      boolean _ = ((TcpStream) registration.pollable()).finishConnect();
    }

    @Override
    public void onError(Registration registration, Throwable error) {
      loop.stop();
    }
  }
}
