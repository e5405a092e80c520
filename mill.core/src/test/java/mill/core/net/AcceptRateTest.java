package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import mill.core.EventLoop;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

/** How many connections a server accepts in a second. */
class AcceptRateTest extends ConnectionFixture {
  private static final ConnectionHandler ECHO = (c, m, at, n) -> c.out().put(m, at, n);

  /** Connects so many at once, and returns how long it took until all were served. */
  private static long serveNs(TcpServer server, int count) throws Exception {
    long startNs = System.nanoTime();
    var peers = new ArrayList<Peer>();
    for (int i = 0; i < count; i++) {
      peers.add(Peer.connect(server).send("x\n"));
    }
    for (Peer peer : peers) {
      assertThat(peer.read(2)).isEqualTo("x\n");
      peer.leave();
    }
    return System.nanoTime() - startNs;
  }

  @Test
  void beyondTheBurstConnectionsWaitAndAreAcceptedAtTheRateByThemselves() throws Exception {
    try (var server = loops.listen(LINES.acceptRate(50, 5), ECHO)) {
      // 5 at once, and 10 more with 20 ms each.
      assertThat(serveNs(server, 15)).isGreaterThanOrEqualTo(200_000_000L - 20_000_000);
      assertThat(server.ratePauses()).isBetween(1L, 100L); // it does not spin meanwhile
      assertThat(server.acceptPauses()).isZero();
      assertThat(server.refused()).isZero();
    }
  }

  @Test
  void withinTheRateNothingPauses() throws Exception {
    try (var server = loops.listen(LINES.acceptRate(100_000, 100), ECHO)) {
      serveNs(server, 50);
      assertThat(server.ratePauses()).isZero();
    }
  }

  @Test
  void theRateIsThatOfAllLoopsTogether() throws Exception {
    try (var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build()).start();
        var server = TcpServer.listen(group, Net.loopback(), LINES.acceptRate(50, 1), () -> ECHO)) {
      // 1 at once, perhaps one more of each loop, whose time the next ones wait for.
      assertThat(serveNs(server, 11)).isGreaterThanOrEqualTo(200_000_000L - 60_000_000);
      assertThat(server.ratePauses()).isPositive();
    }
  }

  @Test
  void whoLeavesMakesNoRoomForTheRate() throws Exception {
    var config = LINES.acceptRate(20, 1).maxConnections(1, ConnectionConfig.NO_LIMIT);
    try (var server = loops.listen(config, ECHO)) {
      long startNs = System.nanoTime();
      for (int i = 0; i < 4; i++) {
        try (var peer = Peer.connect(server)) {
          assertThat(peer.send("x\n").read(2)).isEqualTo("x\n");
        }
      }
      assertThat(System.nanoTime() - startNs).isGreaterThanOrEqualTo(140_000_000L);
    }
  }

  @Test
  void aClientRefusesIt() throws Exception {
    try (var loop = EventLoop.open()) {
      assertThatThrownBy(
              () -> TcpClient.connect(loop, Net.loopback(), LINES.acceptRate(1, 1), ECHO))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
