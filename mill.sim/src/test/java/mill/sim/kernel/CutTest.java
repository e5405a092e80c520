package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.SERVER;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.sim.kernel.TwoHosts.Connection;
import org.junit.jupiter.api.Test;

/** What a cut between two hosts does, and a host without power. */
class CutTest {
  @Test
  void whatIsSentOverACutArrivesInOrderOnceItIsHealed() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.send(connection.client(), "before ");
      hosts.cut();
      hosts.send(connection.client(), "during ");
      hosts.pass(Duration.ofSeconds(5));
      assertThat(hosts.read(connection.server())).isEmpty();
      hosts.heal();
      hosts.send(connection.client(), "after");
      hosts.pass(Duration.ofSeconds(2));
      assertThat(hosts.read(connection.server())).isEqualTo("before during after");
    });
  }

  @Test
  void whatIsSentAfterHealingDoesNotOvertakeWhatWasHeld() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.cut();
      hosts.send(connection.client(), "held ");
      hosts.settle();
      hosts.heal();
      hosts.send(connection.client(), "new");
      hosts.settle();
      assertThat(hosts.read(connection.server())).isIn("", "held ", "held new");
      hosts.pass(Duration.ofSeconds(2));
      assertThat(hosts.read(connection.server())).endsWith("new");
    });
  }

  @Test
  void aCutOneWayLetsTheOtherThrough() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.network.cutOneWay(CLIENT, SERVER);
      hosts.send(connection.client(), "up");
      hosts.send(connection.server(), "down");
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEmpty();
      assertThat(hosts.read(connection.client())).isEqualTo("down");
    });
  }

  @Test
  void aFinIsHeldToo() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.cut();
      connection.client().close();
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEmpty();
      hosts.heal();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(hosts.read(connection.server())).isEqualTo("<end>");
    });
  }

  @Test
  void aResetThatIsLostAtACutIsSentAgainWhenThePeerSends() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.cut();
      connection.client().setOption(SockOpt.SO_LINGER, 0);
      connection.client().close();
      hosts.settle();
      hosts.heal();
      hosts.pass(Duration.ofSeconds(5));
      assertThat(hosts.read(connection.server())).isEmpty();
      hosts.send(connection.server(), "anybody?");
      hosts.settle();
      assertThat(errorOf(() -> hosts.read(connection.server()))).isEqualTo("ECONNRESET");
    });
  }

  @Test
  void aConnectOverACutTimesOut() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      hosts.cut();
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.pass(Duration.ofSeconds(126));
      assertThat(client.finishConnect()).isFalse();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(hosts.ready(hosts.client, client, Interest.WRITABLE))
          .isEqualTo(hosts.ready(hosts.client, client, Interest.WRITABLE) | Readiness.ERROR);
      assertThat(errorOf(client::finishConnect)).isEqualTo("ETIMEDOUT");
    });
  }

  @Test
  void aConnectOverACutStandsOnceTheSynIsSentAgain() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      hosts.cut();
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.pass(Duration.ofSeconds(2));
      hosts.heal();
      hosts.settle();
      assertThat(client.finishConnect()).isFalse();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(client.finishConnect()).isTrue();
      assertThat(listener.accept()).isNotNull();
    });
  }

  @Test
  void aConnectWhoseAnswerIsCutOffTimesOutAndTheServerIsReset() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      hosts.network.cutOneWay(SERVER, CLIENT);
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.pass(Duration.ofSeconds(130));
      assertThat(errorOf(client::finishConnect)).isEqualTo("ETIMEDOUT");
      hosts.heal();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(listener.accept()).isNull();
    });
  }

  @Test
  void bytesThatNobodyAcknowledgesAreGivenUp() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.client().setOption(SockOpt.TCP_USER_TIMEOUT, 30_000);
      hosts.cut();
      hosts.send(connection.client(), "lost");
      hosts.pass(Duration.ofSeconds(29));
      assertThat(hosts.read(connection.client())).isEmpty();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(errorOf(() -> hosts.read(connection.client()))).isEqualTo("ETIMEDOUT");
    });
  }

  @Test
  void bytesWhoseAcknowledgementIsCutOffAreGivenUpToo() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.network.cutOneWay(SERVER, CLIENT);
      hosts.send(connection.client(), "heard");
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEqualTo("heard");
      hosts.pass(Duration.ofSeconds(930));
      assertThat(errorOf(() -> hosts.read(connection.client()))).isEqualTo("ETIMEDOUT");
    });
  }

  @Test
  void aCutThatHealsInTimeGivesNothingUp() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.client().setOption(SockOpt.TCP_USER_TIMEOUT, 30_000);
      hosts.cut();
      hosts.send(connection.client(), "late");
      hosts.pass(Duration.ofSeconds(20));
      hosts.heal();
      hosts.pass(Duration.ofSeconds(60));
      assertThat(hosts.read(connection.server())).isEqualTo("late");
      assertThat(hosts.read(connection.client())).isEmpty();
    });
  }

  @Test
  void aSilentPeerBehindACutIsGivenUpIfItIsProbed() throws Exception {
    play(hosts -> {
      Connection probed = hosts.connection();
      Connection silent = hosts.connection();
      probed.client().setOption(SockOpt.SO_KEEPALIVE, true);
      probed.client().setOption(SockOpt.TCP_KEEPIDLE, 30);
      probed.client().setOption(SockOpt.TCP_KEEPINTVL, 5);
      probed.client().setOption(SockOpt.TCP_KEEPCNT, 3);
      hosts.pass(Duration.ofSeconds(100));
      assertThat(hosts.read(probed.client())).as("the peer answers").isEmpty();
      hosts.cut();
      hosts.pass(Duration.ofSeconds(14));
      assertThat(hosts.read(probed.client())).isEmpty();
      hosts.pass(Duration.ofSeconds(32));
      assertThat(errorOf(() -> hosts.read(probed.client()))).isEqualTo("ETIMEDOUT");
      assertThat(hosts.read(silent.client())).as("who does not ask").isEmpty();
    });
  }

  @Test
  void aProbeFindsOutThatThePeerHasLostItsPower() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.client().setOption(SockOpt.TCP_KEEPIDLE, 30);
      connection.client().setOption(SockOpt.SO_KEEPALIVE, true);
      hosts.network.crash(SERVER);
      hosts.restartServer();
      hosts.pass(Duration.ofSeconds(29));
      assertThat(hosts.read(connection.client())).isEmpty();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(errorOf(() -> hosts.read(connection.client()))).isEqualTo("ECONNRESET");
    });
  }

  @Test
  void datagramsAreLostAtACut() throws Exception {
    play(hosts -> {
      UdpSocket from = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      UdpSocket to = UdpSocket.bind(hosts.server, hosts.at(SERVER, 0));
      hosts.cut();
      assertThat(from.sendTo(hosts.bytes("x"), 0, 1, to.localAddress())).isEqualTo(1);
      hosts.settle();
      hosts.heal();
      hosts.pass(Duration.ofSeconds(5));
      assertThat(to.receive(hosts.arena.allocate(8), 0, 8)).isNegative();
    });
  }

  @Test
  void aPeerThatHasLostItsPowerIsHeardOfWhenItIsBack() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.network.crash(SERVER);
      hosts.send(connection.client(), "anybody?");
      hosts.pass(Duration.ofSeconds(60));
      assertThat(hosts.read(connection.client())).isEmpty();
      hosts.restartServer();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(errorOf(() -> hosts.read(connection.client()))).isEqualTo("ECONNRESET");
    });
  }

  @Test
  void aHostThatHasItsPowerBackHasNothingOpenAndAllPortsFree() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      hosts.connection(listener);
      hosts.network.crash(SERVER);
      hosts.restartServer();
      assertThat(hosts.network.openDescriptors(hosts.server)).isZero();
      assertThat(hosts.connection(hosts.listener(80, 8))).isNotNull();
    });
  }

  @Test
  void aDeadProcessIsClosedByItsKernel() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.network.exit(hosts.server);
      hosts.settle();
      assertThat(hosts.read(connection.client())).isEqualTo("<end>");
    });
  }
}
