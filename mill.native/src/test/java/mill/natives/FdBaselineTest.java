package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import mill.natives.net.PipePair;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.net.UnixListener;
import mill.natives.net.UnixStream;
import mill.natives.platform.Sockets.Family;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.OpenFds;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Everything that is opened gives its descriptor back, also when opening fails half-way. */
class FdBaselineTest {
  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void descriptorsReturnToTheBaseline() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(Cycles.class).working().run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("back at the baseline");
  }

  /** Runs each way to open something, often, and compares the number of descriptors. */
  static final class Cycles {
    private static final int ROUNDS = 50;

    private interface Cycle {
      void run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
      check("poller", () -> Poller.open().close());
      check("poller closed while it polls", Cycles::closeWhilePolling);
      check("tcp pair", () -> Net.tcpPair().close());
      check("closed while registered", Cycles::closeRegistered);
      check("refused connect", Cycles::refusedConnect);
      check("connect to nowhere", () -> fails(() -> TcpStream.connect(Net.unresolved())));
      check("port in use", Cycles::portInUse);
      check("bind to a foreign address", Cycles::bindElsewhere);
      check("reset in the accept queue", Cycles::resetInQueue);
      check("udp", () -> UdpSocket.bind(Net.loopback()).close());
      check("udp in use", Cycles::udpInUse);
      check("unix", Cycles::unix);
      check(
          "unix connect to nobody",
          () -> fails(() -> UnixStream.connect(UnixAddress.ofAbstract("mill-nobody"))));
      check(
          "unix name too long",
          () -> fails(() -> UnixDatagram.bind(UnixAddress.ofAbstract("x".repeat(200)))));
      check("pipe", () -> PipePair.open().close());
      check("unbound", () -> UdpSocket.open(Family.INET6).close());
      check("busy with reads", Cycles::closeUnderReads);
      System.out.println("back at the baseline");
    }

    private static void check(String name, Cycle cycle) throws Exception {
      cycle.run(); // classes and handles of the first time may keep something
      int before = OpenFds.count();
      for (int i = 0; i < ROUNDS; i++) {
        cycle.run();
      }
      int after = OpenFds.count();
      if (after != before) {
        throw new AssertionError(name + ": " + before + " descriptors became " + after);
      }
    }

    private static void fails(Cycle cycle) throws Exception {
      try {
        cycle.run();
      } catch (IOException | IllegalArgumentException e) {
        return;
      }
      throw new AssertionError("this should have failed");
    }

    private static void closeWhilePolling() throws Exception {
      Watch watch = Watch.open();
      var polled = watch.pollElsewhere(Poller.FOREVER);
      watch.close();
      Await.outcome(polled);
    }

    private static void closeRegistered() throws Exception {
      try (Watch watch = Watch.open();
          Net.TcpPair tcp = Net.tcpPair()) {
        watch.register(tcp.client(), 1, Interest.WRITABLE);
        watch.now();
      }
    }

    private static void refusedConnect() throws Exception {
      TcpListener listener = TcpListener.bind(Net.loopback());
      var address = listener.localAddress();
      listener.close();
      fails(() -> Net.finishConnect(TcpStream.connect(address)));
    }

    private static void portInUse() throws Exception {
      try (TcpListener listener = TcpListener.bind(Net.loopback())) {
        var address = listener.localAddress();
        fails(() -> TcpListener.bind(address));
      }
    }

    private static void bindElsewhere() throws Exception {
      // TEST-NET-1, RFC 5737: nobody has it.
      fails(() -> TcpListener.bind(new InetSocketAddress(Net.ip("192.0.2.1"), 0)));
    }

    private static void resetInQueue() throws Exception {
      try (TcpListener listener = TcpListener.bind(Net.loopback())) {
        TcpStream client = TcpStream.connect(listener.localAddress());
        Net.finishConnect(client);
        Net.reset(client);
        try (TcpStream server = listener.accept()) {
          if (server != null && !server.isOpen()) {
            throw new AssertionError("accepted closed");
          }
        }
      }
    }

    private static void udpInUse() throws Exception {
      try (UdpSocket socket = UdpSocket.bind(Net.loopback())) {
        var address = socket.localAddress();
        fails(() -> UdpSocket.bind(address));
      }
    }

    private static void unix() throws Exception {
      var name = UnixAddress.ofAbstract("mill-" + ProcessHandle.current().pid());
      try (UnixListener listener = UnixListener.bind(name);
          UnixStream client = UnixStream.connect(name);
          UnixStream server = listener.accept()) {
        fails(() -> UnixListener.bind(name));
        if (server == null || !client.isConnected()) {
          throw new AssertionError("not connected");
        }
      }
    }

    private static void closeUnderReads() throws Exception {
      try (Net.TcpPair tcp = Net.tcpPair()) {
        var reads =
            Await.inBackground(
                "reads",
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    MemorySegment buffer = arena.allocate(8);
                    while (true) {
                      tcp.server().read(buffer);
                    }
                  } catch (ClosedChannelException e) {
                    return null;
                  }
                });
        tcp.server().close();
        Await.outcome(reads);
      }
    }
  }
}
