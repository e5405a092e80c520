package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.net.UnixListener;
import mill.natives.net.UnixStream;
import org.junit.jupiter.api.Test;

/** Unix domain sockets beyond the contract. */
class UnixTest {
  private static final UnixAddress PATH = UnixAddress.of(Path.of("/run/mill"));

  @Test
  void aPathOutlivesItsSocketUntilItIsUnlinked() throws Exception {
    play(hosts -> {
      UnixListener.bind(hosts.server, PATH, 1).close();
      assertThat(errorOf(() -> UnixListener.bind(hosts.server, PATH, 1))).isEqualTo("EADDRINUSE");
      assertThat(hosts.network.unlink(TwoHosts.SERVER, "/run/mill")).isTrue();
      UnixListener.bind(hosts.server, PATH, 1);
    });
  }

  @Test
  void aPathIsItsHostsOwn() throws Exception {
    play(hosts -> {
      UnixListener.bind(hosts.server, PATH, 1);
      assertThat(errorOf(() -> UnixStream.connect(hosts.client, PATH))).isEqualTo("ENOENT");
    });
  }

  @Test
  void anAbstractNameGoesWithItsSocket() throws Exception {
    play(hosts -> {
      UnixAddress name = UnixAddress.ofAbstract("mill");
      UnixListener.bind(hosts.server, name, 1).close();
      assertThat(errorOf(() -> UnixStream.connect(hosts.server, name))).isEqualTo("ECONNREFUSED");
      UnixListener.bind(hosts.server, name, 1);
    });
  }

  @Test
  void aFullBacklogRefusesToWait() throws Exception {
    play(hosts -> {
      UnixListener listener = UnixListener.bind(hosts.server, PATH, 1);
      UnixStream.connect(hosts.server, PATH);
      UnixStream.connect(hosts.server, PATH);
      assertThat(errorOf(() -> UnixStream.connect(hosts.server, PATH))).isEqualTo("EAGAIN");
      assertThat(listener.accept()).isNotNull();
      UnixStream.connect(hosts.server, PATH);
    });
  }

  @Test
  void closingWithUnreadBytesResetsThePeer() throws Exception {
    play(hosts -> {
      var pair = UnixStream.pair(hosts.client);
      hosts.send(pair.first(), "unread");
      pair.second().close();
      assertThat(errorOf(() -> hosts.read(pair.first()))).isEqualTo("ECONNRESET");
      assertThat(hosts.read(pair.first())).isEqualTo("<end>");
    });
  }

  @Test
  void aFullDatagramQueueMakesAConnectedSenderWait() throws Exception {
    play(hosts -> {
      UnixDatagram receiver = UnixDatagram.bind(hosts.client, PATH);
      UnixDatagram sender = UnixDatagram.open(hosts.client);
      sender.connect(PATH);
      int sent = 0;
      while (sender.send(hosts.bytes("x"), 0, 1) != IoStatus.WOULD_BLOCK) {
        sent++;
      }
      assertThat(sent).isEqualTo(11);
      assertThat(hosts.ready(hosts.client, sender, Interest.WRITABLE)).isZero();
      receiver.receive(hosts.arena.allocate(1), 0, 1);
      assertThat(hosts.ready(hosts.client, sender, Interest.WRITABLE))
          .isEqualTo(Readiness.WRITABLE);
    });
  }
}
