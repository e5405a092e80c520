package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.SERVER;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.net.PipePair;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.net.UnixStream;
import org.junit.jupiter.api.Test;

/** What happens when a process has no descriptor left. */
class DescriptorsTest {
  @Test
  void everyCallThatOpensOneIsRefused() throws Exception {
    play(hosts -> {
      hosts.network.descriptors(CLIENT, 4);
      UdpSocket last = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      assertThat(errorOf(() -> UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0))))
          .isEqualTo("EMFILE");
      assertThat(errorOf(() -> TcpStream.connect(hosts.client, hosts.at(SERVER, 1))))
          .isEqualTo("EMFILE");
      assertThat(errorOf(() -> PipePair.open(hosts.client))).isEqualTo("EMFILE");
      assertThat(errorOf(() -> UnixStream.pair(hosts.client))).isEqualTo("EMFILE");
      assertThat(errorOf(() -> Poller.open(hosts.client, token -> {}))).isEqualTo("EMFILE");
      last.close();
      UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
    });
  }

  @Test
  void whoCannotBeAcceptedWaitsOn() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      UdpSocket other = UdpSocket.bind(hosts.server, hosts.at(SERVER, 0));
      hosts.network.descriptors(SERVER, 5);
      assertThat(errorOf(listener::accept)).as("though nobody waits").isEqualTo("EMFILE");
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.settle();
      assertThat(errorOf(listener::accept)).isEqualTo("EMFILE");
      other.close();
      assertThat(listener.accept()).isNotNull();
      assertThat(client.finishConnect()).isTrue();
    });
  }

  @Test
  void theLowestFreeNumberIsTheNext() throws Exception {
    play(hosts -> {
      UdpSocket one = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      UdpSocket two = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      assertThat(two.fd()).isEqualTo(one.fd() + 1);
      one.close();
      assertThat(UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0)).fd()).isEqualTo(one.fd());
    });
  }

  @Test
  void whatIsClosedIsGivenBack() throws Exception {
    play(hosts -> {
      for (int i = 0; i < 3; i++) {
        var connection = hosts.connection();
        assertThat(hosts.ready(hosts.client, connection.client(), Interest.WRITABLE))
            .isEqualTo(Readiness.WRITABLE);
        connection.client().close();
        connection.server().close();
        hosts.settle();
      }
      assertThat(hosts.network.openDescriptors(hosts.client)).isZero();
      assertThat(hosts.network.openDescriptors(hosts.server)).isZero();
    });
  }
}
