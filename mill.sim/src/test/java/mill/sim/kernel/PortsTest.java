package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.SERVER;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.ip;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import mill.natives.ErrnoException;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.platform.Sockets.Family;
import mill.sim.kernel.TwoHosts.Connection;
import org.junit.jupiter.api.Test;

/** Who may have which port. */
class PortsTest {
  private static TcpListener open(TwoHosts hosts, boolean reuse) throws Exception {
    TcpListener listener = hosts.on(hosts.server, () -> TcpListener.open(Family.INET));
    listener.setOption(SockOpt.SO_REUSEADDR, reuse);
    return listener;
  }

  @Test
  void thePortOfAnEndedConnectionIsKeptForAMinute() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      Connection connection = hosts.connection(listener);
      connection.server().close(); // who closes first has it in TIME_WAIT
      hosts.settle();
      connection.client().close();
      hosts.settle();
      listener.close();
      TcpListener strict = open(hosts, false);
      assertThat(errorOf(() -> strict.bindTo(hosts.at(SERVER, 80)))).isEqualTo("EADDRINUSE");
      TcpListener lenient = open(hosts, true);
      lenient.bindTo(hosts.at(SERVER, 80));
      lenient.close();
      hosts.pass(Duration.ofSeconds(61));
      strict.bindTo(hosts.at(SERVER, 80));
    });
  }

  @Test
  void whoClosesSecondKeepsNothing() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      Connection connection = hosts.connection(listener);
      connection.client().close();
      hosts.settle();
      connection.server().close();
      hosts.settle();
      listener.close();
      open(hosts, false).bindTo(hosts.at(SERVER, 80));
    });
  }

  @Test
  void aListenerTakesThePortOfLivingConnectionsIfBothAllowIt() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      hosts.connection(listener);
      assertThat(errorOf(() -> hosts.listener(80, 8))).isEqualTo("EADDRINUSE");
      listener.close();
      TcpListener strict = open(hosts, false);
      assertThat(errorOf(() -> strict.bindTo(hosts.at(SERVER, 80)))).isEqualTo("EADDRINUSE");
      hosts.listener(80, 8);
    });
  }

  @Test
  void anyAddressIsEveryAddress() throws Exception {
    play(hosts -> {
      TcpListener.bind(hosts.server, new InetSocketAddress(ip("127.0.0.1"), 80), 8);
      hosts.listener(80, 8);
      assertThat(
              errorOf(() ->
                  TcpListener.bind(hosts.server, new InetSocketAddress(ip("0.0.0.0"), 80), 8)))
          .isEqualTo("EADDRINUSE");
    });
  }

  @Test
  void listenersThatShareAPortShareItsConnections() throws Exception {
    play(hosts -> {
      var listeners = new TcpListener[2];
      for (int i = 0; i < listeners.length; i++) {
        listeners[i] = open(hosts, true);
        listeners[i].setOption(SockOpt.SO_REUSEPORT, true);
        listeners[i].bindTo(hosts.at(SERVER, 80));
        listeners[i].listen(64);
      }
      for (int i = 0; i < 40; i++) {
        TcpStream.connect(hosts.client, hosts.at(SERVER, 80));
      }
      hosts.settle();
      int[] accepted = new int[2];
      for (int i = 0; i < listeners.length; i++) {
        while (listeners[i].accept() != null) {
          accepted[i]++;
        }
      }
      assertThat(accepted[0] + accepted[1]).isEqualTo(40);
      assertThat(accepted[0]).isBetween(5, 35);
    });
  }

  @Test
  void portsThatTheSystemChoosesRunOutAndComeBack() throws Exception {
    play(hosts -> {
      hosts.network.descriptors(CLIENT, 40_000);
      var chosen = new ArrayList<UdpSocket>();
      String error = "none";
      while (error.equals("none")) {
        UdpSocket socket = hosts.on(hosts.client, () -> UdpSocket.open(Family.INET));
        try {
          socket.bindTo(hosts.at(CLIENT, 0));
          chosen.add(socket);
        } catch (ErrnoException e) {
          error = e.errnoName();
        }
      }
      assertThat(error).isEqualTo("EADDRINUSE");
      assertThat(chosen).hasSize(60_999 - 32_768 + 1);
      chosen.getLast().close();
      UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
    });
  }
}
