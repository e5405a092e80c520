package mill.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.TcpServer;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the guide shows does what the guide says. */
class GuideTest {
  private Loops loops;

  @BeforeEach
  void start() throws IOException {
    loops = Loops.start();
  }

  @AfterEach
  void stop() {
    loops.close();
  }

  private InetSocketAddress serve(
      ConnectionConfig config, Supplier<? extends ConnectionHandler> handlers) throws IOException {
    return (InetSocketAddress)
        TcpServer.listen(loops.loop(), Loops.anyPort(), config, handlers).localAddress();
  }

  @Test
  void numbersArriveThoughThereAreMoreThanAnyQueueHolds() throws Exception {
    int last = 2_000_000;
    var address = serve(ConnectionConfig.defaults(), () -> new GuideSnippets.Numbers(last));
    try (Peer peer = Peer.slow(address)) {
      List<String> expected = IntStream.rangeClosed(1, last).mapToObj(Integer::toString).toList();
      assertThat(peer.readAll().lines().toList().equals(expected)).as("all, in order").isTrue();
    }
  }

  @Test
  void offloadedAnswersKeepTheOrderOfTheirQuestions() throws Exception {
    ExecutorService workers = Executors.newFixedThreadPool(4);
    try {
      var lines = ConnectionConfig.defaults().framer(Framer.lines());
      var address = serve(lines, () -> new GuideSnippets.Upper(workers));
      try (Peer peer = Peer.connect(address)) {
        peer.send("a\nb\nc\nd\ne\n");
        assertThat(peer.read(10)).isEqualTo("A\nB\nC\nD\nE\n");
      }
    } finally {
      workers.shutdown();
    }
  }

  @Test
  void questionThatItsEndEndsIsAnswered() throws Exception {
    var answer = new CompletableFuture<String>();
    SocketAddress address;
    try (var listener = new ServerSocket()) {
      listener.bind(Loops.anyPort());
      address = listener.getLocalSocketAddress();
      GuideSnippets.ask(loops.loop(), address, answer::complete);
      try (Peer server = Peer.accept(listener)) {
        assertThat(server.readAll()).isEqualTo("how are you?");
        server.send("fine");
        server.end();
        assertThat(Await.outcomeOf(answer)).isEqualTo("fine");
      }
    }
    var refused = new CompletableFuture<String>();
    GuideSnippets.ask(loops.loop(), address, refused::complete);
    assertThat(Await.outcomeOf(refused)).isEqualTo("no answer: REFUSED");
  }

  @Test
  void typedFramesAreFoundByteByByteAndAnUnknownTypeEndsTheConnection() throws Exception {
    ConnectionHandler echo = (on, memory, at, length) -> on.out().put(memory, at, length);
    try (Peer peer = Peer.connect(serve(GuideSnippets.strict(), () -> echo))) {
      peer.drip("\0\0\0\1\0\2ab\4\0\1x");
      assertThat(peer.read(12)).isEqualTo("\0\0\0\1\0\2ab\4\0\1x");
      peer.send("\5\0\0");
      peer.isReset();
    }
  }
}
