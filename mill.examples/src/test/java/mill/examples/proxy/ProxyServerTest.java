package mill.examples.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.FutureTask;
import mill.core.net.TcpServer;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.examples.command.Tool;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProxyServerTest {
  private Loops loops;
  private ServerSocket target;
  private TcpServer proxy;
  private InetSocketAddress address;

  @BeforeEach
  void serve() throws Exception {
    loops = Loops.start();
    target = new ServerSocket();
    target.bind(Loops.anyPort());
    // By name, and so resolved off the loop.
    var name = InetSocketAddress.createUnresolved("localhost", target.getLocalPort());
    proxy = ProxyServer.listen(loops.group(), Loops.anyPort(), name);
    address = (InetSocketAddress) proxy.localAddress();
  }

  @AfterEach
  void stop() throws IOException {
    loops.close();
    target.close();
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  private void awaitNobody() throws Exception {
    Await.eventually("nobody is left", () -> proxy.connections() == 0);
  }

  @Test
  void bytesPassBothWaysUnchanged() throws Exception {
    byte[] there = randomBytes(8 << 20);
    byte[] back = randomBytes(4 << 20);
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      FutureTask<Void> asking = client.sendInBackground(there);
      FutureTask<Void> answering = server.sendInBackground(back);
      FutureTask<byte[]> heard = Await.inBackground("reads", () -> server.readBytes(there.length));
      assertThat(client.readBytes(back.length)).isEqualTo(back);
      assertThat(Await.outcome(heard)).isEqualTo(there);
      Await.outcome(asking);
      Await.outcome(answering);
    }
    awaitNobody();
  }

  @Test
  void clientThatEndsFirstStillGetsItsAnswer() throws Exception {
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      client.send("question");
      client.end();
      assertThat(server.readAll()).isEqualTo("question");
      server.send("answer");
      server.end();
      assertThat(client.readAll()).isEqualTo("answer");
      awaitNobody();
    }
  }

  @Test
  void serverThatEndsFirstIsStillToldTheRest() throws Exception {
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      server.send("welcome");
      server.end();
      assertThat(client.readAll()).isEqualTo("welcome");
      client.send("thank you");
      client.end();
      assertThat(server.readAll()).isEqualTo("thank you");
      awaitNobody();
    }
  }

  @Test
  void resetOfEitherEndIsOneForTheOther() throws Exception {
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      client.send("x");
      assertThat(server.read(1)).isEqualTo("x");
      client.reset();
      assertThat(server.isReset()).isTrue();
    }
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      server.reset();
      assertThat(client.isReset()).isTrue();
    }
    awaitNobody();
  }

  @Test
  void clientOfATargetThatRefusesIsReset() throws Exception {
    target.close();
    try (Peer client = Peer.connect(address)) {
      assertThat(client.send("anybody?").isReset()).isTrue();
    }
    awaitNobody();
  }

  @Test
  void whoSendsFasterThanTheOtherReadsIsHeldBackAndNothingIsLost() throws Exception {
    byte[] sent = randomBytes(32 << 20); // more than all buffers on the way
    try (Peer client = Peer.slow(address);
        Peer server = Peer.accept(target)) {
      FutureTask<Void> sending = server.sendInBackground(sent);
      byte[] first = client.readBytes(1 << 20);
      assertThat(sending).isNotDone();
      // The other way is open meanwhile.
      client.send("x");
      assertThat(server.read(1)).isEqualTo("x");
      byte[] rest = client.readBytes(sent.length - first.length);
      assertThat(first).isEqualTo(Arrays.copyOf(sent, first.length));
      assertThat(rest).isEqualTo(Arrays.copyOfRange(sent, first.length, sent.length));
      Await.outcome(sending);
    }
    awaitNobody();
  }

  @Test
  void shutdownOfTheProxyEndsTheConnectionsToItsTargetToo() throws Exception {
    try (Peer client = Peer.connect(address);
        Peer server = Peer.accept(target)) {
      client.send("x");
      assertThat(server.read(1)).isEqualTo("x");
      proxy.shutdown(Duration.ofNanos(Await.PATIENCE_NS));
      assertThat(client.readAll()).isEmpty();
      assertThat(server.readAll()).isEmpty();
    }
  }

  @Test
  void socatIsAnsweredThroughIt() throws Exception {
    String port = Integer.toString(address.getPort());
    try (Tool socat = Tool.start("socat", "socat", "-t", "5", "-", "TCP:127.0.0.1:" + port);
        Peer server = Peer.accept(target)) {
      socat.type("question").endOfInput();
      assertThat(server.readAll()).isEqualTo("question");
      server.send("answer");
      server.end();
      assertThat(socat.outcome()).isEqualTo("answer");
    }
  }
}
