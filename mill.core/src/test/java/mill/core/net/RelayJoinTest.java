package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.util.concurrent.CompletableFuture;
import mill.core.net.CloseCause.Kind;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two connections that are there already become a relay. */
class RelayJoinTest {
  private static final ConnectionConfig PLAIN = ConnectionConfig.defaults();
  private static final ConnectionConfig LINES = PLAIN.framer(Framer.lines());

  private final Recorder firstHeard = new Recorder();
  private Loops loops;
  private ServerSocket backend;

  @BeforeEach
  void start() throws Exception {
    loops = Loops.start();
    backend = Peer.listener();
  }

  @AfterEach
  void stop() throws Exception {
    backend.close();
    loops.close();
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  @Test
  void whatNobodyHasTakenIsPassedOnFirst() throws Exception {
    var joined = new CompletableFuture<Relay>();
    ConnectionHandler connect =
        (client, m, offset, length) -> {
          assertThat(Recorder.text(m, offset, length)).isEqualTo("CONNECT\n");
          client.pause(joined);
          TcpClient.connect(
              client.loop(),
              Peer.address(backend),
              PLAIN,
              new Recorder() {
                @Override
                public void onOpen(Connection server) {
                  joined.complete(Relay.join(client, server));
                  client.resume(joined);
                }
              });
        };
    try (var proxy = loops.listen(LINES, connect);
        var client = Peer.connect(proxy).send("CONNECT\nrest, no line");
        var server = Peer.accept(backend)) {
      assertThat(server.read(13)).isEqualTo("rest, no line");
      server.send("answer");
      assertThat(client.read(6)).isEqualTo("answer");
      Relay relay = Await.outcomeOf(joined);
      loops.run(() -> {
        assertThat(relay.bytesAtoB()).isEqualTo(13);
        assertThat(relay.bytesBtoA()).isEqualTo(6);
        return true;
      });
    }
  }

  @Test
  void aConnectionThatHasEndedInGoodOrderEndsTheOther() throws Exception {
    joinedToOneThatHasGone(
        Connection::close,
        (peer, heard) -> {
          assertThat(peer.readAll()).isEmpty();
          peer.end();
          assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
        });
  }

  // It was closed, and its peer took what it had for all.
  @Test
  void aConnectionThatWasResetBeforeResetsTheOther() throws Exception {
    joinedToOneThatHasGone(Connection::reset, (peer, heard) -> peer.requireReset());
  }

  private interface Outcome {
    void check(Peer peer, Recorder heard) throws Exception;
  }

  private void joinedToOneThatHasGone(Recorder.Action going, Outcome outcome) throws Exception {
    try (var server = loops.listen(LINES, firstHeard);
        var gone = Peer.connect(server)) {
      firstHeard.onFrame = (c, text) -> going.run(c);
      gone.send("x\n");
      gone.end();
      firstHeard.ended();
      var second = new Recorder();
      try (var other = loops.listen(LINES, second);
          var peer = Peer.connect(other)) {
        Connection open = second.connected();
        Connection closed = firstHeard.connected();
        loops.run(() -> Relay.join(closed, open) != null);
        outcome.check(peer, second);
      }
    }
  }

  @Test
  void whatCannotBeJoinedIsRefused() throws Exception {
    try (var server = loops.listen(LINES, firstHeard);
        var _ = Peer.connect(server)) {
      Connection c = firstHeard.connected();
      assertThatThrownBy(() -> Relay.join(c, c)).isInstanceOf(IllegalStateException.class);
      loops.run(() -> {
        assertThatThrownBy(() -> Relay.join(c, c)).isInstanceOf(IllegalArgumentException.class);
        Connection connecting =
            TcpClient.connect(loops.loop, Peer.address(backend), PLAIN, new Recorder());
        assertThatThrownBy(() -> Relay.join(c, connecting))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("onOpen");
        return true;
      });
    }
  }
}
