package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.net.UnixListener;
import mill.natives.net.UnixStream;
import mill.natives.platform.ControlData;
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

  @Test
  void whatIsPassedInAMessageThatNobodyReceivesIsClosed() throws Exception {
    play(hosts -> {
      var pair = UnixStream.pair(hosts.client);
      var pipe = PipePair.open(hosts.client);
      try (var control = new ControlData(hosts.client)) {
        control.passDescriptor(pipe.sink().fd());
        assertThat(pair.first().sendMessage(hosts.bytes("x"), 0, 1, control)).isEqualTo(1);
      }
      pipe.sink().close();
      var buffer = hosts.arena.allocate(1);
      assertThat(pipe.source().read(buffer, 0, 1))
          .as("it is on its way")
          .isEqualTo(IoStatus.WOULD_BLOCK);
      pair.second().close();
      assertThat(pipe.source().read(buffer, 0, 1)).isEqualTo(IoStatus.END_OF_STREAM);
    });
  }

  @Test
  void aProcessWithoutRoomForADescriptorIsToldThatItWasCutOff() throws Exception {
    play(hosts -> {
      var pair = UnixStream.pair(hosts.client);
      var pipe = PipePair.open(hosts.client);
      try (var control = new ControlData(hosts.client)) {
        control.passDescriptor(pipe.sink().fd());
        pair.first().sendMessage(hosts.bytes("x"), 0, 1, control);
        hosts.network.descriptors(TwoHosts.CLIENT, 3 + 4);
        var buffer = hosts.arena.allocate(1);
        assertThat(pair.second().receiveMessage(buffer, 0, 1, control)).isEqualTo(1);
        assertThat(control.descriptorCount()).isZero();
        assertThat(control.isControlTruncated()).isTrue();
        pipe.sink().close();
        assertThat(pipe.source().read(buffer, 0, 1)).isEqualTo(IoStatus.END_OF_STREAM);
      }
    });
  }

  @Test
  void aReadStopsBeforeTheBytesWithWhichSomethingIsPassed() throws Exception {
    play(hosts -> {
      var pair = UnixStream.pair(hosts.client);
      try (var control = new ControlData(hosts.client)) {
        hosts.send(pair.first(), "before");
        control.passDescriptor(pair.first().fd());
        pair.first().sendMessage(hosts.bytes("with"), 0, 4, control);
        hosts.send(pair.first(), "after");
        var buffer = hosts.arena.allocate(64);
        assertThat(pair.second().receiveMessage(buffer, 0, 64, control)).isEqualTo(6);
        assertThat(control.descriptorCount()).isZero();
        assertThat(pair.second().receiveMessage(buffer, 0, 64, control)).isEqualTo(4);
        assertThat(control.descriptorCount()).isEqualTo(1);
        assertThat(pair.second().receiveMessage(buffer, 0, 64, control)).isEqualTo(5);
      }
    });
  }
}
