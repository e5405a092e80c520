package mill.natives;

import static mill.testnet.Net.readText;
import static mill.testnet.Net.writeText;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.Socket;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UnixStream;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReadinessTest {
  private static final long TOKEN = 11;

  private Watch watch;

  @BeforeEach
  void open() throws IOException {
    watch = Watch.open();
  }

  @AfterEach
  void close() {
    watch.close();
  }

  @Test
  void idleConnectionIsWritableAndNothingElse() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.client(), TOKEN, Interest.READABLE_WRITABLE.with(Interest.PRIORITY));
      assertThat(watch.await(TOKEN, 0)).hasToString("WRITABLE");
    }
  }

  @Test
  void arrivedDataIsReadableAndNothingElse() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.READABLE);
      writeText(tcp.client(), "a");
      assertThat(watch.await(TOKEN, 0)).hasToString("READABLE");
    }
  }

  @Test
  void fullSendBufferIsNotWritableUntilThePeerReads() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      var block = arena.allocate(64 << 10);
      watch.register(tcp.client(), TOKEN, Interest.WRITABLE);
      Net.fillForGood(watch, tcp.client(), block);
      int read;
      while ((read = tcp.server().read(block)) != IoStatus.WOULD_BLOCK || watch.now().isEmpty()) {
        assertThat(read).isNotEqualTo(IoStatus.END_OF_STREAM);
      }
      assertThat(watch.await(TOKEN, 0)).hasToString("WRITABLE");
    }
  }

  @Test
  void waitingConnectionMakesTheListenerReadable() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpStream client = TcpStream.connect(listener.localAddress())) {
      watch.register(listener, TOKEN, Interest.READABLE);
      assertThat(watch.await(TOKEN, 0)).hasToString("READABLE");
      try (TcpStream server = listener.accept()) {
        assertThat(server).isNotNull();
        assertThat(client.isOpen()).isTrue();
      }
      assertThat(watch.inAMoment()).isEmpty();
    }
  }

  @Test
  void finIsReadClosedWhileDataIsStillUnread() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      writeText(tcp.client(), "last");
      tcp.client().shutdownWrite();
      watch.register(tcp.server(), TOKEN, Interest.READABLE);
      assertThat(watch.await(TOKEN, Readiness.READ_CLOSED)).hasToString("READABLE|READ_CLOSED");
      assertThat(readText(tcp.server(), 4)).isEqualTo("last");
      assertThat(watch.await(TOKEN, 0)).as("end of stream").hasToString("READABLE|READ_CLOSED");
    }
  }

  @Test
  void bothHalvesShutAreReadClosedAndWriteClosed() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      tcp.client().shutdownWrite();
      tcp.server().shutdownWrite();
      watch.register(tcp.server(), TOKEN, Interest.READABLE);
      Readiness readiness = watch.await(TOKEN, Readiness.READ_CLOSED | Readiness.WRITE_CLOSED);
      assertThat(readiness.isReadable()).isTrue();
      assertThat(readiness.isError()).isFalse();
    }
  }

  @Test
  void resetIsErrorWithBothHalvesClosedAndBothDirectionsReady() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.READABLE);
      Net.reset(tcp.client());
      assertThat(watch.await(TOKEN, Readiness.ERROR))
          .hasToString("READABLE|WRITABLE|READ_CLOSED|WRITE_CLOSED|ERROR");
    }
  }

  @Test
  void resetIsReportedToAWriterWhoDoesNotRead() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      watch.register(tcp.server(), TOKEN, Interest.WRITABLE);
      Net.fillForGood(watch, tcp.server(), arena.allocate(64 << 10));
      Net.reset(tcp.client());
      assertThat(watch.await(TOKEN, Readiness.ERROR).isWritable()).isTrue();
    }
  }

  @Test
  void refusedConnectIsErrorAndWritable() throws IOException {
    InetSocketAddress nobody;
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      nobody = (InetSocketAddress) listener.localAddress();
    }
    try (TcpStream client = TcpStream.connect(nobody)) {
      watch.register(client, TOKEN, Interest.WRITABLE);
      Readiness readiness = watch.await(TOKEN, Readiness.ERROR);
      assertThat(readiness.isWritable()).isTrue();
      assertThatThrownBy(client::finishConnect).hasMessageContaining("ECONNREFUSED");
    }
  }

  @Test
  void urgentByteIsPriority() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket peer = new Socket()) {
      peer.connect(listener.localAddress());
      try (TcpStream server = Net.accept(listener)) {
        watch.register(server, TOKEN, Interest.PRIORITY);
        assertThat(watch.inAMoment()).isEmpty();
        peer.sendUrgentData('!');
        assertThat(watch.await(TOKEN, 0)).hasToString("PRIORITY");
      }
    }
  }

  @Test
  void urgentByteIsNotReportedToWhoDidNotAsk() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket peer = new Socket()) {
      peer.connect(listener.localAddress());
      try (TcpStream server = Net.accept(listener)) {
        watch.register(server, TOKEN, Interest.READABLE_WRITABLE);
        peer.sendUrgentData('!');
        peer.getOutputStream().write('a');
        assertThat(watch.await(TOKEN, Readiness.READABLE)).hasToString("READABLE|WRITABLE");
      }
    }
  }

  @Test
  void closedPipeSourceIsErrorForTheSink() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      watch.register(pipe.sink(), TOKEN, Interest.WRITABLE);
      assertThat(watch.await(TOKEN, 0)).hasToString("WRITABLE");
      pipe.source().close();
      assertThat(watch.await(TOKEN, Readiness.ERROR).isWriteClosed()).isTrue();
    }
  }

  @Test
  void closedPipeSinkIsReadClosedForTheSource() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      watch.register(pipe.source(), TOKEN, Interest.READABLE);
      assertThat(watch.inAMoment()).isEmpty();
      pipe.sink().close();
      Readiness readiness = watch.await(TOKEN, Readiness.READ_CLOSED);
      assertThat(readiness.isReadable()).isTrue();
      assertThat(readiness.isError()).isFalse();
    }
  }

  @Test
  void closedUnixPeerIsReadClosedAndWriteClosed() throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream first = pair.first()) {
      watch.register(first, TOKEN, Interest.READABLE);
      pair.second().close();
      assertThat(watch.await(TOKEN, Readiness.READ_CLOSED | Readiness.WRITE_CLOSED).isReadable())
          .isTrue();
    }
  }

  @Test
  void valuesAreMadeOnceAndStrangeBitsAreRefused() {
    for (int bits = 0; bits < 64; bits++) {
      assertThat(Readiness.of(bits)).isSameAs(Readiness.of(bits));
      assertThat(Readiness.of(bits).bits()).isEqualTo(bits);
    }
    assertThat(Readiness.of(0)).hasToString("NONE");
    assertThatThrownBy(() -> Readiness.of(64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0x40");
  }
}
