package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.BitSet;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.UdpSocket;
import mill.natives.platform.NativeAddress;
import mill.sim.Simulation;

/** Numbered datagrams, each sent again and again until it has come back. */
final class DatagramProgram {
  private static final Duration AGAIN = Duration.ofMillis(30);
  private static final int BYTES = 64;

  private DatagramProgram() {}

  /** Sends back what comes, until it is killed. */
  static void serve(int port) throws IOException {
    MemorySegment buffer = Arena.ofAuto().allocate(BYTES, Long.BYTES);
    var from = new NativeAddress();
    try (var loop = EventLoop.open();
        var socket = UdpSocket.bind(new InetSocketAddress(port))) {
      loop.register(
          socket,
          Interest.READABLE,
          (registration, readiness) -> {
            int received = socket.receiveFrom(buffer, 0, BYTES, from);
            if (received > 0) {
              var _ = socket.sendTo(buffer, 0, received, from); // one that does not go is lost
            }
          });
      loop.run();
    }
  }

  /** Returns when all have come back. */
  static void send(Simulation sim, InetSocketAddress server, int count) throws IOException {
    try (var loop = EventLoop.open();
        var socket = UdpSocket.bind(new InetSocketAddress(0))) {
      new Client(sim, loop, socket, server, count).start();
      loop.run();
    }
  }

  private static final class Client {
    private final Simulation sim;
    private final EventLoop loop;
    private final UdpSocket socket;
    private final InetSocketAddress server;
    private final NativeAddress from = new NativeAddress();
    private final MemorySegment buffer = Arena.ofAuto().allocate(BYTES, Long.BYTES);
    private final BitSet missing = new BitSet();
    private int latest = -1;

    Client(Simulation sim, EventLoop loop, UdpSocket socket, InetSocketAddress server, int count) {
      this.sim = sim;
      this.loop = loop;
      this.socket = socket;
      this.server = server;
      missing.set(0, count);
    }

    void start() throws IOException {
      loop.register(socket, Interest.READABLE, Trigger.EDGE, (ready, readiness) -> receive());
      loop.scheduleWithFixedDelay(Duration.ZERO, AGAIN, this::sendAll);
    }

    private void sendAll() {
      for (int number = missing.nextSetBit(0);
          number >= 0;
          number = missing.nextSetBit(number + 1)) {
        buffer.set(ValueLayout.JAVA_LONG, 0, number);
        try {
          if (socket.sendTo(buffer, 0, BYTES, server) < 0) {
            return; // no room: later
          }
        } catch (IOException e) {
          sim.fail(e);
        }
      }
    }

    private void receive() throws IOException {
      int received;
      while ((received = socket.receiveFrom(buffer, 0, BYTES, from)) >= 0) {
        int number = (int) buffer.get(ValueLayout.JAVA_LONG, 0);
        SocketAddress sender = socket.platform().addresses().decode(from);
        if (received != BYTES || !server.equals(sender)) {
          sim.fail(new AssertionError("from " + sender + " came " + received + " bytes"));
        }
        sim.sometimes(number < latest ? "an older datagram" : "a newer datagram");
        latest = Math.max(latest, number);
        missing.clear(number);
      }
      if (missing.isEmpty()) {
        loop.stop();
      }
    }
  }
}
