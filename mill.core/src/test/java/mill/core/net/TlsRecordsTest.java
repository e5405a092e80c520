package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLEngine;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through TLS once it stands: records, new keys, and ends. */
class TlsRecordsTest extends TlsFixture {
  private static final ConnectionConfig RAW = ConnectionConfig.defaults();

  private TcpServer echo(Tls tls) throws IOException {
    return loops.listen(
        RAW.layer(tls), (Connection c, MemorySegment m, long at, long n) -> c.out().put(m, at, n));
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void recordsOfEverySizePass(String protocol) throws Exception {
    byte[] bytes = new byte[16_384];
    new Random(1).nextBytes(bytes);
    try (var server = echo(Tls.server(context));
        var peer = connected(server, protocol).plain) {
      for (int size = 1; size <= bytes.length; size += size < 300 ? 1 : 149) {
        peer.socket.getOutputStream().write(bytes, 0, size);
        assertThat(peer.readBytes(size)).isEqualTo(Arrays.copyOf(bytes, size));
      }
      peer.send(bytes);
      assertThat(peer.readBytes(bytes.length)).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void bytesThatComeOneByOneAreTheSame(String protocol) throws Exception {
    heard.onFrame = (c, text) -> c.out().putAscii(text);
    try (var server = listen();
        var peer = TlsPeer.chopped(context, server, protocol).plain) {
      peer.send("one by one\n");
      assertThat(peer.read(11)).isEqualTo("one by one\n");
      peer.send("and again\n");
      assertThat(peer.read(10)).isEqualTo("and again\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void aMegabyteGoesThroughBothEndsOfMillAndComesBack(String protocol) throws Exception {
    byte[] bytes = new byte[1 << 20];
    new Random(3).nextBytes(bytes);
    var back =
        new Collector(bytes.length) {
          @Override
          public void onOpen(Connection c) {
            c.out().put(bytes, 0, bytes.length);
          }
        };
    Tls tls = Tls.server(context).parameters(p -> p.setProtocols(new String[] {protocol}));
    try (var server = echo(tls)) {
      int port = ((java.net.InetSocketAddress) server.localAddress()).getPort();
      var config = RAW.layer(Tls.client(context, "localhost", port));
      TcpClient.connect(loops.loop, server.localAddress(), config, back);
      assertThat(back.await()).isEqualTo(bytes);
    }
  }

  @Test
  void smallMessagesShareARecord() throws Exception {
    heard.onFrame =
        (c, text) -> {
          for (int i = 0; i < 100; i++) {
            c.out().putAscii("x");
          }
        };
    try (var server = listen()) {
      TlsPeer peer = connected(server, V12);
      peer.plain.send("go\n");
      assertThat(peer.plain.read(1)).isEqualTo("x");
      assertThat(peer.tls.getInputStream().available()).as("rest of the record").isEqualTo(99);
      peer.plain.close();
    }
  }

  // ---- new keys

  @Test
  void keysAreUpdatedFromBothSidesUnderLoad() throws Exception {
    var engine = new CompletableFuture<SSLEngine>();
    Tls tls = Tls.server(context).onHandshake((c, e) -> engine.complete(e));
    byte[] bytes = new byte[5_000];
    new Random(4).nextBytes(bytes);
    try (var server = echo(tls)) {
      TlsPeer peer = connected(server, V13);
      for (int i = 0; i < 50; i++) {
        if (i % 2 == 0) {
          peer.tls.startHandshake(); // new keys, once it stands
        }
        if (i % 5 == 0) {
          loops.run(() -> {
            Await.outcomeOf(engine).beginHandshake(); // the same
            return true;
          });
        }
        peer.plain.send(bytes);
        assertThat(peer.plain.readBytes(bytes.length)).isEqualTo(bytes);
      }
      peer.plain.close();
    }
  }

  @Test
  void whatIsPutBehindAKeyUpdateGoesOutWithIt() throws Exception {
    var engine = new CompletableFuture<SSLEngine>();
    Tls tls = Tls.server(context).onHandshake((c, e) -> engine.complete(e));
    try (var server = listen(tls);
        var peer = connected(server, V13).plain) {
      Connection c = heard.connected();
      loops.run(() -> {
        Await.outcomeOf(engine).beginHandshake();
        c.out().putAscii("behind");
        return true;
      });
      assertThat(peer.read(6)).isEqualTo("behind");
    }
  }

  @Test
  void whoOnlyReadsAnswersAKeyUpdate() throws Exception {
    try (var server = listen()) {
      TlsPeer peer = connected(server, V13);
      peer.plain.send("a\n");
      heard.connected();
      var raw = peer.raw.getInputStream();
      skipRecord(raw); // the ticket
      peer.tls.startHandshake();
      skipRecord(raw);
      peer.plain.close();
    }
  }

  private static void skipRecord(java.io.InputStream from) throws IOException {
    byte[] header = from.readNBytes(5);
    assertThat(header[0]).as("type").isEqualTo((byte) 23);
    int length = (header[3] & 0xff) << 8 | (header[4] & 0xff);
    assertThat(from.readNBytes(length)).hasSize(length);
  }

  @Test
  void aRenegotiationIsRefused() throws Exception {
    try (var server = listen()) {
      TlsPeer peer = connected(server, V12);
      assertThatThrownBy(
              () -> {
                peer.tls.startHandshake();
                peer.plain.read(1);
              })
          .isInstanceOf(IOException.class);
      assertThat(layerFailed().error()).hasMessageContaining("renegotiate");
      peer.plain.close();
    }
  }

  // ---- ends

  @Test
  void eachDirectionEndsForItself() throws Exception {
    heard.onEnd =
        c -> {
          c.out().putAscii("still here\n");
          c.end();
        };
    try (var server = listen()) {
      TlsPeer peer = connected(server, V13);
      peer.plain.send("bye\n");
      peer.tls.shutdownOutput();
      assertThat(new String(peer.plain.readAll(), StandardCharsets.UTF_8))
          .isEqualTo("still here\n");
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(heard.events).containsExactly("open", "frame bye\n", "end", "closed PEER_END");
      peer.plain.close();
    }
  }

  @Test
  void whoHasEndedStillHearsTheOther() throws Exception {
    heard.onOpen = Connection::end;
    heard.onEnd = Recorder.NOTHING;
    try (var server = listen()) {
      TlsPeer peer = connected(server, V13);
      assertThat(peer.plain.readAll()).isEmpty();
      peer.plain.send("to you\n");
      peer.tls.shutdownOutput();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
      assertThat(heard.events).containsExactly("open", "frame to you\n", "end", "closed LOCAL");
      peer.plain.close();
    }
  }

  @Test
  void theEndOfTls12EndsBothWays() throws Exception {
    try (var server = listen()) {
      TlsPeer peer = connected(server, V12);
      peer.plain.send("bye\n");
      peer.plain.close();
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END);
      assertThat(heard.events).containsExactly("open", "frame bye\n", "end", "closed PEER_END");
    }
  }

  @Test
  void whatIsPutAfterTheEndOfTls12IsUndelivered() throws Exception {
    heard.onEnd =
        c -> {
          c.out().putAscii("too late\n");
          c.end();
        };
    try (var server = listen()) {
      TlsPeer peer = connected(server, V12);
      peer.plain.close();
      CloseCause cause = layerFailed();
      assertThat(cause.error()).hasMessageContaining("TLS 1.2");
      assertThat(cause.undeliveredBytes()).isEqualTo(9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void whoClosesSaysSo(String protocol) throws Exception {
    heard.onOpen = c -> c.out().putAscii("hello\n");
    Tls tls = Tls.server(context).parameters(p -> p.setProtocols(new String[] {protocol}));
    ConnectionHandler closes = (c, m, at, n) -> c.close();
    try (var server = loops.listen(LINES.layer(tls), closes)) {
      var config = LINES.layer(Tls.client(context, "localhost", 443));
      TcpClient.connect(loops.loop, server.localAddress(), config, heard);
      assertThat(heard.ended().kind()).isEqualTo(Kind.PEER_END); // else it would be LAYER
      assertThat(heard.events).containsExactly("open", "end", "closed PEER_END");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void anEndWithoutCloseNotifyIsTold(String protocol) throws Exception {
    try (var server = listen()) {
      TlsPeer peer = connected(server, protocol);
      peer.plain.send("hal");
      heard.connected();
      peer.raw.shutdownOutput();
      assertThat(layerFailed().error()).hasMessageContaining("close_notify");
      peer.raw.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void aRecordThatWasChangedEndsTheConnectionWithAnAlert(String protocol) throws Exception {
    try (var server = listen()) {
      TlsPeer peer = connected(server, protocol);
      heard.connected();
      byte[] forged = new byte[5 + 40];
      forged[0] = 23;
      forged[1] = 3;
      forged[2] = 3;
      forged[4] = 40;
      peer.raw.getOutputStream().write(forged);
      assertThat(layerFailed().error()).isInstanceOf(javax.net.ssl.SSLException.class);
      assertThatThrownBy(() -> peer.plain.read(1)).hasMessageContaining("bad_record_mac");
      peer.raw.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void aCloseDeliversAllAndThenSaysSo(String protocol) throws Exception {
    byte[] bytes = new byte[3 << 20];
    new Random(5).nextBytes(bytes);
    heard.onFrame =
        (c, text) -> {
          c.out().put(bytes, 0, bytes.length);
          c.close();
        };
    try (var server = loops.listen(LINES.layer(Tls.server(context)), heard);
        var peer = connected(server, protocol).plain) {
      peer.send("all\n");
      assertThat(peer.readAll()).isEqualTo(bytes); // an end without close_notify would throw
      assertThat(heard.ended().undeliveredBytes()).isZero();
    }
  }
}
