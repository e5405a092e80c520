package mill.sim.programs;

import java.io.IOException;
import java.net.InetSocketAddress;
import mill.core.CloseReason;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.UdpSocket;
import mill.sim.Simulation;

/** Asks for nothing, and hears nothing: whatever came would be another's. */
final class Mute extends Tracked {
  private final UdpSocket socket;

  Mute(Simulation sim, EventLoop loop) throws IOException {
    super(sim, loop, Trigger.LEVEL);
    socket = UdpSocket.bind(new InetSocketAddress(0));
  }

  void start() {
    register(socket, Interest.NONE);
  }

  @Override
  void ready(Registration ready, Readiness readiness) {
    sim.fail(new AssertionError("it asks for nothing, and hears " + readiness + ": " + ready));
  }

  @Override
  public void onShutdown(Registration told) {
    told.close();
  }

  @Override
  void ended(CloseReason reason) {
    socket.close();
  }
}
