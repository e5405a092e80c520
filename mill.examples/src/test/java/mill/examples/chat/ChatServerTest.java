package mill.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import mill.core.net.TcpServer;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.examples.command.Tool;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChatServerTest {
  private Loops loops;
  private TcpServer server;
  private InetSocketAddress address;

  @BeforeEach
  void serve() throws Exception {
    loops = Loops.start();
    server = ChatServer.listen(loops.loop(), Loops.anyPort());
    address = (InetSocketAddress) server.localAddress();
  }

  @AfterEach
  void stop() {
    loops.close();
  }

  private void awaitMembers(int count) throws Exception {
    Await.eventually(count + " are there", () -> server.connections() == count);
  }

  @Test
  void lineIsToldToAllOthersAndNotToWhoSaidIt() throws Exception {
    try (Peer anna = Peer.connect(address);
        Peer bert = Peer.connect(address);
        Peer cleo = Peer.connect(address)) {
      awaitMembers(3);
      anna.drip("hello\r\nall").send(" of you\n");
      assertThat(bert.read(18)).isEqualTo("hello\r\nall of you\n");
      assertThat(cleo.read(18)).isEqualTo("hello\r\nall of you\n");
      bert.send("hi\n");
      assertThat(anna.read(3)).isEqualTo("hi\n");
      assertThat(cleo.read(3)).isEqualTo("hi\n");
    }
  }

  @Test
  void memberWhoLeavesIsToldNothingMoreAndOthersGoOn() throws Exception {
    try (Peer anna = Peer.connect(address);
        Peer bert = Peer.connect(address)) {
      Peer cleo = Peer.connect(address);
      awaitMembers(3);
      cleo.reset();
      awaitMembers(2);
      anna.send("still there?\n");
      assertThat(bert.read(13)).isEqualTo("still there?\n");
      bert.end();
      assertThat(bert.readAll()).isEmpty();
      awaitMembers(1);
    }
  }

  @Test
  void lineThatIsTooLongEndsItsConnection() throws Exception {
    try (Peer anna = Peer.connect(address);
        Peer bert = Peer.connect(address)) {
      awaitMembers(2);
      anna.send("x".repeat(4097) + "\n");
      anna.isReset();
      awaitMembers(1);
      bert.end();
      assertThat(bert.readAll()).isEmpty();
    }
  }

  @Test
  void whoTalksFasterThanAnotherReadsIsHeldBackAndNothingIsLost() throws Exception {
    byte[] said = new byte[32 << 20];
    Arrays.fill(said, (byte) '.');
    for (int i = 999; i < said.length; i += 1000) {
      said[i] = '\n';
    }
    said[said.length - 1] = '\n';
    try (Peer talker = Peer.connect(address);
        Peer slow = Peer.slow(address)) {
      awaitMembers(2);
      FutureTask<Void> sending = talker.sendInBackground(said);
      assertThat(slow.readBytes(1 << 20)).hasSize(1 << 20);
      assertThat(sending).as("the server does not take what it cannot pass on").isNotDone();
      assertThat(slow.readBytes(said.length - (1 << 20)))
          .hasSize(said.length - (1 << 20))
          .endsWith('\n');
      Await.outcome(sending);
    }
  }

  @Test
  void ncAndSocatTalkToEachOther() throws Exception {
    String port = Integer.toString(address.getPort());
    try (Tool nc = Tool.start("netcat-openbsd", "nc", "-N", "127.0.0.1", port);
        Tool socat = Tool.start("socat", "socat", "-t", "5", "-", "TCP:127.0.0.1:" + port)) {
      awaitMembers(2);
      nc.type("hello, socat\n").endOfInput();
      awaitMembers(1);
      socat.endOfInput();
      assertThat(nc.outcome()).isEmpty();
      assertThat(socat.outcome()).isEqualTo("hello, socat\n");
    }
  }
}
