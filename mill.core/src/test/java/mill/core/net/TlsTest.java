package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshakes of TLS with the JDK's sockets, and what becomes of those that fail. */
class TlsTest extends TlsFixture {
  private static final String[] SPOKEN = {"mill/1", "mill/2"};

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void aServerOpensOnceAndKnowsWhatWasAgreedOn(String protocol) throws Exception {
    var agreed = new LinkedBlockingQueue<String>();
    heard.onFrame = (c, text) -> c.out().putAscii("you said " + text);
    Tls tls =
        Tls.server(context)
            .parameters(p -> p.setApplicationProtocols(SPOKEN))
            .onHandshake((c, e) -> agreed.add(protocolOf(e) + " on " + c.remoteAddress()));
    try (var server = listen(tls);
        var peer = TlsPeer.connect(context, server, protocol).plain) {
      var socket = (javax.net.ssl.SSLSocket) peer.socket;
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"mill/2"});
      socket.setSSLParameters(parameters);
      peer.send("hello\n");
      assertThat(peer.read(15)).isEqualTo("you said hello\n");
      assertThat(agreed).containsExactly(protocol + " mill/2 on " + socket.getLocalSocketAddress());
      peer.send("again\n");
      assertThat(peer.read(15)).isEqualTo("you said again\n");
      assertThat(heard.events).containsExactly("open", "frame hello\n", "frame again\n");
    }
  }

  private static String protocolOf(SSLEngine engine) {
    return engine.getSession().getProtocol() + " " + engine.getApplicationProtocol();
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void whatAClientPutsBeforeItIsConnectedGoesOutAfterTheHandshake(String protocol)
      throws Exception {
    try (var listener = Peer.listener()) {
      var accepted = accept(listener, protocol);
      Connection c = connect(listener, client(listener), heard);
      Message early = Messages.of("early\n");
      assertThat(c.write(early)).isTrue();
      early.release();
      try (Peer peer = Await.outcome(accepted).plain) {
        assertThat(peer.read(6)).isEqualTo("early\n");
        peer.send("answer\n");
        assertThat(heard.next()).isEqualTo("open");
        assertThat(heard.next()).isEqualTo("frame answer\n");
      }
      assertThat(heard.next()).isEqualTo("end");
      assertThat(heard.next()).isEqualTo("closed PEER_END");
    }
  }

  @Test
  void aServerMayAskForTheClientsCertificate() throws Exception {
    var name = new LinkedBlockingQueue<String>();
    Tls tls =
        Tls.server(context)
            .parameters(p -> p.setNeedClientAuth(true))
            .onHandshake((c, e) -> name.add(e.getSession().getPeerPrincipal().getName()));
    try (var server = listen(tls);
        var peer = connected(server, V13).plain) {
      peer.send("a\n");
      heard.connected();
      assertThat(name).containsExactly("CN=localhost");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {V12, V13})
  void aSecondConnectionToTheSameServerResumesTheSession(String protocol) throws Exception {
    long first = 0;
    try (var listener = Peer.listener()) {
      for (int i = 0; i < 2; i++) {
        var recorder = new Recorder();
        var began = new LinkedBlockingQueue<Long>();
        var accepted = accept(listener, protocol);
        Tls tls =
            client(listener).onHandshake((c, e) -> began.add(e.getSession().getCreationTime()));
        connect(listener, tls, recorder);
        try (Peer peer = Await.outcome(accepted).plain) {
          peer.send("a line, behind the ticket\n");
          assertThat(recorder.next()).isEqualTo("open");
          assertThat(recorder.next()).startsWith("frame");
          long created = began.take();
          assertThat(began).as("told again, with the ticket").isEmpty();
          if (i == 0) {
            first = created;
            Await.eventually("time passes", () -> System.currentTimeMillis() > created);
          } else {
            assertThat(created).as("when the session was made").isEqualTo(first);
          }
        }
        recorder.ended();
      }
    }
  }

  @Test
  void theWorkOfHandshakesIsNeverDoneOnTheLoop() throws Exception {
    Set<Thread> workers = ConcurrentHashMap.newKeySet();
    Executor executor =
        task ->
            Thread.startVirtualThread(() -> {
              workers.add(Thread.currentThread());
              task.run();
            });
    try (var server = listen(Tls.server(context).executor(executor));
        var peer = connected(server, V13).plain) {
      peer.send("a\n");
      heard.connected();
      assertThat(workers).isNotEmpty();
    }
  }

  @Test
  void othersAreServedWhileAHandshakeIsWorkedOn() throws Exception {
    var tasks = new LinkedBlockingQueue<Runnable>();
    try (var server = listen(Tls.server(context).executor(tasks::add));
        var plain = loops.listen(LINES, (c, m, at, n) -> c.out().put(m, at, n));
        var waits = TlsPeer.connect(context, server, V13).plain;
        var other = Peer.connect(plain)) {
      var handshake =
          meanwhile(() -> {
            waits.send("a\n");
            return null;
          });
      Runnable work = tasks.take();
      other.send("b\n");
      assertThat(other.read(2)).isEqualTo("b\n");
      assertThat(heard.events).isEmpty();
      work.run();
      while (!handshake.isDone()) {
        Runnable more = tasks.poll();
        if (more != null) {
          more.run();
        }
      }
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame a\n");
    }
  }

  @Test
  void aConnectionMayEndWhileItsHandshakeIsWorkedOn() throws Exception {
    var tasks = new LinkedBlockingQueue<Runnable>();
    try (var server = listen(Tls.server(context).executor(tasks::add));
        var peer = TlsPeer.connect(context, server, V13).plain) {
      var handshake = meanwhile(() -> peer.send("a\n"));
      Runnable work = tasks.take();
      server.shutdown(Duration.ZERO);
      assertThat(heard.ended().opened()).isFalse();
      work.run(); // and says so to a connection that is no more
      assertThatThrownBy(() -> Await.outcome(handshake)).isNotNull();
      loops.run(() -> true);
    }
  }

  // ---- those that fail

  @Test
  void aClientRefusesAServerOfAnotherName() throws Exception {
    try (var listener = Peer.listener()) {
      var accepted = accept(listener, V13);
      connect(listener, Tls.client(context, "example.org", listener.getLocalPort()), heard);
      CloseCause cause = layerFailed();
      assertThat(cause.opened()).isFalse();
      assertThat(cause.error())
          .isInstanceOf(SSLHandshakeException.class)
          .hasRootCauseInstanceOf(CertificateException.class)
          .hasMessageContaining("example.org");
      assertThatThrownBy(() -> Await.outcome(accepted).plain.read(1))
          .hasStackTraceContaining("certificate"); // the alert
    }
  }

  @Test
  void theNameDoesNotCountIfTheUserSaysSo() throws Exception {
    try (var listener = Peer.listener()) {
      var accepted = accept(listener, V13);
      Tls tls =
          Tls.client(context, "example.org", listener.getLocalPort())
              .parameters(p -> p.setEndpointIdentificationAlgorithm(""));
      connect(listener, tls, heard);
      heard.connected();
      Await.outcome(accepted).plain.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFailedHandshakeSendsItsAlert(boolean atOnce) throws Exception {
    Executor executor = atOnce ? TlsTest::runsBeforeItReturns : Thread::startVirtualThread;
    Tls tls =
        Tls.server(context).executor(executor).parameters(p -> p.setProtocols(new String[] {V13}));
    try (var server = listen(tls);
        var peer = TlsPeer.connect(context, server, V12).plain) {
      assertThatThrownBy(() -> peer.send("a\n"))
          .isInstanceOf(SSLHandshakeException.class)
          .hasMessageContaining("protocol_version");
      assertThat(layerFailed().error()).isInstanceOf(SSLHandshakeException.class);
    }
  }

  // The work is done, and has failed, before the layer goes on.
  private static void runsBeforeItReturns(Runnable work) {
    try {
      Thread.startVirtualThread(work).join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatIsNoTlsIsShown() throws Exception {
    try (var server = listen();
        var peer = Peer.connect(server)) {
      peer.send("GET / HTTP/1.1\r\n\r\n");
      assertThat(layerFailed().error())
          .isInstanceOf(SSLException.class)
          .hasMessageContaining("\"GET / HTTP/1.1..\"");
      peer.readAll();
    }
  }

  @Test
  void aRecordThatIsTooLongIsRefusedBeforeItsBytesCome() throws Exception {
    try (var server = listen();
        var peer = Peer.connect(server)) {
      peer.send(new byte[] {22, 3, 3, (byte) 0xff, (byte) 0xff});
      assertThat(layerFailed().error()).hasMessageContaining("65535");
    }
  }

  @Test
  void aHandshakeThatStallsEndsInItsTime() throws Exception {
    try (var server = listen(Tls.server(context).handshakeTimeout(Duration.ofMillis(10)));
        var peer = Peer.connect(server)) {
      peer.send(new byte[] {22, 3, 3});
      assertThat(layerFailed().error()).isInstanceOf(TimeoutException.class);
      peer.readAll();
    }
  }

  @Test
  void anEndInTheMiddleOfAHandshakeIsAFailure() throws Exception {
    try (var server = listen();
        var peer = Peer.connect(server)) {
      peer.send(new byte[] {22, 3, 3});
      peer.end();
      assertThat(layerFailed().error()).hasMessageContaining("in the middle of the handshake");
    }
  }

  @Test
  void anExecutorThatTakesNothingEndsTheConnection() throws Exception {
    Executor none =
        task -> {
          throw new RejectedExecutionException("full");
        };
    try (var server = listen(Tls.server(context).executor(none));
        var peer = TlsPeer.connect(context, server, V13).plain) {
      assertThatThrownBy(() -> peer.send("a\n")).isNotNull();
      assertThat(layerFailed().error()).hasMessageContaining("takes no handshake");
    }
  }

  @Test
  void aListenerThatThrowsEndsTheConnection() throws Exception {
    Tls tls =
        Tls.server(context)
            .onHandshake((c, e) -> {
              throw new IllegalStateException("not this one");
            });
    try (var server = listen(tls);
        var peer = TlsPeer.connect(context, server, V13).plain) {
      peer.send("a\n");
      assertThat(layerFailed().error()).hasMessage("not this one");
    }
  }

  // ---- STARTTLS

  @Test
  void tlsMayBeginLater() throws Exception {
    heard.onFrame =
        (c, text) -> {
          c.out().putAscii("ok " + text);
          if (text.equals("STARTTLS\n")) {
            c.layer(Tls.server(context).get());
          }
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("STARTTLS\n");
      assertThat(peer.read(12)).isEqualTo("ok STARTTLS\n");
      var tls = context.getSocketFactory().createSocket(peer.socket, "localhost", 1, true);
      var secured = new Peer(tls);
      secured.send("secret\n");
      assertThat(secured.read(10)).isEqualTo("ok secret\n");
      assertThat(heard.events).containsExactly("open", "frame STARTTLS\n", "frame secret\n");
    }
  }

  @Test
  void plaintextBehindStartTlsIsRefused() throws Exception {
    var refused = new LinkedBlockingQueue<Throwable>();
    heard.onFrame =
        (c, text) -> {
          try {
            c.layer(Tls.server(context).get());
          } catch (IllegalStateException e) {
            refused.add(e);
            c.reset();
          }
        };
    try (var server = loops.listen(LINES, heard);
        var peer = Peer.connect(server)) {
      peer.send("STARTTLS\nrm -r\n");
      assertThat(refused.take()).hasMessageContaining("unread");
      assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    }
  }

  // ---- settings

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tls.client(context, "localhost", 0))
        .withMessageContaining("port must be 1 to 65535");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tls.server(context).handshakeTimeout(Duration.ZERO))
        .withMessageContaining("handshakeTimeout must be more than 0");
  }
}
