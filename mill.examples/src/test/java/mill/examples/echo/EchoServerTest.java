package mill.examples.echo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import mill.core.EventLoop;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server against plain sockets of the JDK. */
class EchoServerTest {

  private EventLoop loop;
  private EchoServer server;
  private Thread thread;

  @BeforeEach
  void serve() throws Exception {
    loop = EventLoop.open();
    server = new EchoServer(loop, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    thread = Thread.ofPlatform().start(this::runLoop);
  }

  @AfterEach
  void stop() throws Exception {
    loop.stop();
    assertThat(thread.join(Duration.ofNanos(Await.PATIENCE_NS))).isTrue();
    server.close();
    loop.close();
  }

  @Test
  void whatIsSentComesBack() throws Exception {
    try (Socket peer = connect()) {
      for (String line : new String[] {"hello", "mill", "x".repeat(10_000)}) {
        peer.getOutputStream().write(line.getBytes(UTF_8));

        assertThat(peer.getInputStream().readNBytes(line.length())).asString(UTF_8).isEqualTo(line);
      }
    }
  }

  @Test
  void aPeerThatEndsItsHalfStillGetsItsEchoAndThenTheEnd() throws Exception {
    try (Socket peer = connect()) {
      peer.getOutputStream().write("hi".getBytes(UTF_8));
      peer.shutdownOutput();

      assertThat(peer.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("hi");
    }
  }

  @Test
  void aSlowReaderIsNotReadFromAndGetsEveryByteInTheEnd() throws Exception {
    byte[] sent = randomBytes(64 * 1024 * 1024); // more than all buffers of both ends together
    try (Socket slow = new Socket()) {
      slow.setReceiveBufferSize(4096); // before connecting: it fixes the window
      slow.connect(server.address());
      CompletableFuture<Void> sending = send(slow, sent);
      waitUntilTheServerStalls();
      assertThat(sending).as("the server does not take what it cannot send back").isNotDone();

      // Others are served meanwhile.
      try (Socket other = connect()) {
        other.getOutputStream().write('x');
        assertThat(other.getInputStream().read()).isEqualTo('x');
      }

      assertThat(slow.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
      Await.outcome(sending);
      slow.shutdownOutput();
      assertThat(slow.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aReaderInSmallPiecesGetsEveryByteOfManyPartialWrites() throws Exception {
    byte[] sent = randomBytes(8 * 1024 * 1024);
    try (Socket peer = connect()) {
      CompletableFuture<Void> sending = send(peer, sent);
      InputStream in = peer.getInputStream();
      byte[] received = new byte[sent.length];
      int at = 0;
      while (at < received.length) {
        int read = in.read(received, at, Math.min(1_000, received.length - at));
        assertThat(read).isPositive();
        at += read;
      }
      assertThat(received).isEqualTo(sent);
      Await.outcome(sending);
    }
  }

  @Test
  void aPeerThatResetsInTheMiddleHurtsNobodyElse() throws Exception {
    try (Socket other = connect()) {
      Socket rude = connect();
      CompletableFuture<Void> sending = send(rude, randomBytes(32 * 1024 * 1024));
      waitUntilTheServerStalls();
      rude.setSoLinger(true, 0);
      rude.close();
      assertThat(sending).failsWithin(Duration.ofNanos(Await.PATIENCE_NS));

      other.getOutputStream().write('x');
      assertThat(other.getInputStream().read()).isEqualTo('x');
    }
  }

  @Test
  @SuppressWarnings("try") // a reset is what is tried here
  void theBufferOfASlowReaderGoesBackToItsPoolWhoeverEndsTheConnection() throws Exception {
    Socket gone = connect();
    stall(gone);
    gone.setSoLinger(true, 0);
    gone.close();
    Await.eventually("the reset one's is back", () -> server.waitingBuffers() == 0);

    try (Socket slow = connect()) {
      stall(slow);
      loop.close();
      assertThat(server.waitingBuffers()).isZero();
    }
  }

  private void stall(Socket reader) throws Exception {
    CompletableFuture<Void> sending = send(reader, randomBytes(32 * 1024 * 1024));
    waitUntilTheServerStalls();
    assertThat(sending).isNotDone();
    assertThat(server.waitingBuffers()).isOne();
  }

  @Test
  void theTotalsCountConnectionsAndBytes() throws Exception {
    for (int i = 0; i < 3; i++) {
      try (Socket peer = connect()) {
        peer.getOutputStream().write(new byte[100]);
        assertThat(peer.getInputStream().readNBytes(100)).hasSize(100);
      }
    }
    assertThat(onLoop(server::accepted)).isEqualTo(3L);
    assertThat(onLoop(server::echoedBytes)).isEqualTo(300L);
  }

  private Socket connect() throws IOException {
    InetSocketAddress address = server.address();
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(Await.PATIENCE_NS));
    return socket;
  }

  private CompletableFuture<Void> send(Socket socket, byte[] bytes) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            done.complete(null);
          } catch (IOException e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  /** Waits until many turns of the loop pass without a byte moving. */
  private void waitUntilTheServerStalls() throws Exception {
    long start = System.nanoTime();
    long before = -1;
    int quietTurns = 0;
    while (quietTurns < 1_000) {
      long now = onLoop(server::echoedBytes);
      boolean quiet = now == before && server.waitingBuffers() > 0;
      quietTurns = quiet ? quietTurns + 1 : 0;
      before = now;
      Await.requirePatience(start, "the server stalls");
    }
  }

  private <T> T onLoop(Supplier<T> question) throws InterruptedException, ExecutionException {
    return CompletableFuture.supplyAsync(question, loop).get();
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  private void runLoop() {
    try {
      loop.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
