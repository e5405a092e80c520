package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import javax.net.ssl.SSLContext;
import mill.testing.Await;
import mill.testnet.TestCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A loop, a certificate, and a handler that hears what becomes of one connection. */
abstract class TlsFixture extends ConnectionFixture {
  static final String V12 = "TLSv1.2";
  static final String V13 = "TLSv1.3";

  private final ExecutorService peers = Executors.newCachedThreadPool();
  SSLContext context;

  @BeforeEach
  @Override
  void start() throws Exception {
    context = TestCertificate.context();
    super.start();
  }

  @AfterEach
  @Override
  void stop() {
    super.stop();
    peers.shutdownNow();
    requireAtMostOneEnd();
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  TcpServer listen() throws Exception {
    return listen(Tls.server(context));
  }

  TcpServer listen(Tls tls) throws Exception {
    // Peers that wait for what becomes of the connection do not end it meanwhile.
    return loops.listen(LINES.closeTimeout(Duration.ofSeconds(1)).layer(tls), heard);
  }

  Tls client(ServerSocket listener) {
    return Tls.client(context, "localhost", listener.getLocalPort());
  }

  Connection connect(ServerSocket listener, Tls tls, ConnectionHandler handler) {
    var config = LINES.closeTimeout(Duration.ofSeconds(1)).layer(tls);
    return TcpClient.connect(loops.loop, Peer.address(listener), config, handler);
  }

  /** Does something that waits for the other end, on a thread of its own. */
  <T> FutureTask<T> meanwhile(java.util.concurrent.Callable<T> work) {
    var task = new FutureTask<>(work);
    peers.execute(task);
    return task;
  }

  /** A server that accepts one client, and has shaken hands with it. */
  FutureTask<TlsPeer> accept(ServerSocket listener, String... protocols) {
    return meanwhile(() -> {
      TlsPeer peer = TlsPeer.accept(context, listener, protocols);
      peer.tls.startHandshake();
      return peer;
    });
  }

  /** A client of a server under test, after its handshake. */
  TlsPeer connected(TcpServer server, String... protocols) throws Exception {
    TlsPeer peer = TlsPeer.connect(context, server, protocols);
    peer.tls.startHandshake();
    return peer;
  }

  CloseCause layerFailed() {
    CloseCause cause = heard.ended();
    assertThat(cause.kind()).isEqualTo(CloseCause.Kind.LAYER);
    return cause;
  }

  /** Hears so many bytes, however they come. */
  static class Collector implements ConnectionHandler {
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> all = new CompletableFuture<>();
    private final int length;

    Collector(int length) {
      this.length = length;
    }

    @Override
    public void onFrame(Connection c, MemorySegment m, long at, long n) {
      collected.writeBytes(m.asSlice(at, n).toArray(ValueLayout.JAVA_BYTE));
      if (collected.size() == length) {
        all.complete(collected.toByteArray());
      }
    }

    byte[] await() {
      return Await.outcomeOf(all);
    }
  }
}
