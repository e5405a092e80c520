package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testing.OpenFds;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Names and the race of their addresses: 127.0.0.2 and its like stand for hosts. */
class RaceTest extends ConnectionFixture {
  private final List<AutoCloseable> toClose = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : toClose) {
      each.close();
    }
  }

  @AfterEach
  @Override
  void stop() {
    super.stop();
    requireAtMostOneEnd();
  }

  // ---- hosts

  private static InetAddress host(int number) {
    return Net.ip("127.0.0." + number);
  }

  private ServerSocket listens(InetAddress host, int port) throws Exception {
    var listener = new ServerSocket();
    toClose.add(listener);
    try {
      listener.bind(new InetSocketAddress(host, port));
    } catch (java.net.BindException e) {
      Assumptions.abort("this system has no " + host + ": " + e.getMessage());
    }
    return listener;
  }

  /** One that answers nothing: its queue is full. */
  private Silent silent(InetAddress host, int port) throws Exception {
    TcpListener listener;
    try {
      listener = TcpListener.bind(new InetSocketAddress(host, port), 1);
    } catch (java.io.IOException e) {
      return Assumptions.abort("this system has no " + host + ": " + e.getMessage());
    }
    var silent = new Silent(listener, new ArrayList<>());
    toClose.add(silent);
    int unanswered = 0;
    for (int i = 0; i < 12 && unanswered < 2; i++) { // one may only have had no processor
      var socket = new Socket();
      try {
        socket.connect(listener.localAddress(), 100);
        unanswered = 0;
      } catch (SocketTimeoutException e) {
        unanswered++;
      }
      silent.filling.add(socket);
    }
    assertThat(unanswered).as("the queue is full").isEqualTo(2);
    return silent;
  }

  private record Silent(TcpListener listener, List<Socket> filling) implements AutoCloseable {
    int port() throws Exception {
      return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Answers from now on: the kernel tries again what it has not got through. */
    void answers() throws Exception {
      for (Socket socket : filling) {
        socket.close();
      }
      TcpStream waited;
      while ((waited = listener.accept()) != null) {
        waited.close();
      }
    }

    @Override
    public void close() throws java.io.IOException {
      for (Socket socket : filling) {
        socket.close();
      }
      listener.close();
    }
  }

  private static ConnectionConfig found(InetAddress... addresses) {
    return LINES.resolver(name -> CompletableFuture.completedFuture(List.of(addresses)));
  }

  private Connection connect(int port, ConnectionConfig config) {
    return TcpClient.connect(
        loops.loop, InetSocketAddress.createUnresolved("race.test", port), config, heard);
  }

  // ---- the race

  @Test
  void anAddressThatDoesNotAnswerIsOvertakenAfterTheDelay() throws Exception {
    Silent silent = silent(Net.loopback6(0).getAddress(), 0); // IPv6 first, as in the wild
    listens(host(1), silent.port());
    long start = System.nanoTime();
    connect(silent.port(), found(Net.loopback6(0).getAddress(), host(1)));
    Connection c = heard.connected();
    long tookMs = (System.nanoTime() - start) / 1_000_000;
    assertThat(c.remoteAddress()).isEqualTo(new InetSocketAddress(host(1), silent.port()));
    assertThat(tookMs).isGreaterThanOrEqualTo(249);
    assertThat(tookMs).as("with room for a machine that is busy").isLessThan(2_000);
  }

  @Test
  void aFailureStartsTheNextAtOnce() throws Exception {
    ServerSocket there = listens(host(3), 0);
    long start = System.nanoTime();
    var config = found(host(1), host(2), host(3)).attemptDelay(Duration.ofSeconds(60));
    connect(there.getLocalPort(), config);
    assertThat(heard.connected().remoteAddress()).isEqualTo(Peer.address(there));
    assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(8).toNanos());
  }

  @Test
  void anAttemptThatIsOvertakenIsNotGivenUpAndStillWins() throws Exception {
    Silent slow = silent(host(1), 0);
    Silent never = silent(host(2), slow.port());
    connect(slow.port(), found(host(1), host(2)).attemptDelay(Duration.ofMillis(20)));
    Await.eventually("both are under way", () -> attempts() == 2);
    slow.answers();
    assertThat(heard.connected().remoteAddress())
        .isEqualTo(new InetSocketAddress(host(1), never.port()));
    assertThat(attempts()).as("the loser is closed").isZero();
  }

  private int attempts() throws Exception {
    // The connection is the only one of this loop.
    return loops.call(() -> loops.connections().attempts());
  }

  @Test
  void ofTwoThatStandAtTheSameTimeOneIsClosed() throws Exception {
    ServerSocket first = listens(host(1), 0);
    ServerSocket second = listens(host(2), first.getLocalPort());
    int fds = OpenFds.count();
    var twice = new Recorder();
    loops.run(() -> { // both are in flight before either is looked at
      var target = new InetSocketAddress(host(1), 1);
      var made = new SocketConnection(loops.connections(), LINES, twice, null, target);
      Dialer dialer = java.util.Objects.requireNonNull(made.dialer());
      loops.connections().add(dialer);
      return dialer.dial(Peer.address(first)) && dialer.dial(Peer.address(second));
    });
    twice.connected();
    assertThat(attempts()).isZero();
    try (var a = first.accept();
        var b = second.accept()) {
      a.setSoTimeout(300);
      b.setSoTimeout(300);
      assertThat(isOpen(a) ^ isOpen(b)).as("one of both").isTrue();
    }
    twice.connected().reset();
    twice.ended();
    Await.eventually("all descriptors are back", () -> OpenFds.count() <= fds);
  }

  private static boolean isOpen(Socket socket) throws Exception {
    try {
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException e) {
      return true;
    } catch (java.net.SocketException e) {
      return false;
    }
  }

  @Test
  void theFamiliesTakeTurnsFromTheFirstOn() {
    InetAddress six = Net.ip("::1");
    InetAddress sixToo = Net.ip("::2");
    assertThat(Dialer.order(List.of(six, sixToo, host(1), host(2), host(3)), 1))
        .extracting(address -> ((InetSocketAddress) address).getAddress())
        .containsExactly(six, host(1), sixToo, host(2), host(3));
    assertThat(Dialer.order(java.util.Collections.nCopies(1000, host(1)), 1))
        .as("not without end")
        .hasSize(32);
  }

  // ---- outcomes

  @Test
  void refusedSaysMoreThanUnreachable() throws Exception {
    int port;
    try (var listener = TcpListener.bind(Net.loopback())) {
      port = ((InetSocketAddress) listener.localAddress()).getPort();
    }
    connect(port, found(host(1), Net.ip("224.0.0.1")));
    assertThat(heard.ended().kind()).isEqualTo(Kind.REFUSED);
    assertThat(heard.ended().error()).hasMessageContaining("ECONNREFUSED");
  }

  @Test
  void allThatDoNotAnswerTimeOutTogetherAndNothingIsLeft() throws Exception {
    Silent silent = silent(host(1), 0);
    silent(host(2), silent.port());
    loops.run(() -> true);
    int fds = OpenFds.count();
    var config = found(host(1), host(2)).attemptDelay(Duration.ofMillis(10));
    connect(silent.port(), config.connectTimeout(Duration.ofMillis(100)));
    assertThat(heard.ended().kind()).isEqualTo(Kind.CONNECT_TIMEOUT);
    assertThat(attempts()).isZero();
    assertThat(OpenFds.count()).isEqualTo(fds);
  }

  @Test
  void cancellingARaceLeavesNothing() throws Exception {
    Silent silent = silent(host(1), 0);
    silent(host(2), silent.port());
    loops.run(() -> true);
    int fds = OpenFds.count();
    Connection c =
        connect(silent.port(), found(host(1), host(2)).attemptDelay(Duration.ofMillis(10)));
    Await.eventually("both are under way", () -> attempts() == 2);
    c.close();
    assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    assertThat(heard.ended().opened()).isFalse();
    assertThat(OpenFds.count()).isEqualTo(fds);
  }

  // ---- names

  @Test
  void aNameThatIsResolvedToNothingIsToldAsSuch() throws Exception {
    connect(1, found());
    assertThat(heard.ended().kind()).isEqualTo(Kind.NOT_RESOLVED);
    var broken = new Recorder();
    TcpClient.connect(
        loops.loop,
        Net.unresolved(),
        LINES.resolver(name -> {
          throw new IllegalStateException("broken");
        }),
        broken);
    assertThat(broken.ended().kind()).isEqualTo(Kind.NOT_RESOLVED);
    assertThat(broken.ended().error()).hasMessage("broken");
    var failed = new Recorder();
    TcpClient.connect(
        loops.loop,
        Net.unresolved(),
        LINES.resolver(name -> CompletableFuture.failedFuture(new Exception("no such name"))),
        failed);
    assertThat(failed.ended().error()).hasMessage("no such name");
  }

  @Test
  void anIpAddressNeverReachesTheResolver() throws Exception {
    ServerSocket there = listens(host(1), 0);
    var asked = new AtomicInteger();
    var config =
        LINES.resolver(name -> {
          asked.incrementAndGet();
          return CompletableFuture.failedFuture(new Exception(name));
        });
    for (String literal : List.of("127.0.0.1", "[127.0.0.1]", "::ffff:127.0.0.1")) {
      var each = new Recorder();
      var target = InetSocketAddress.createUnresolved(literal, there.getLocalPort());
      TcpClient.connect(loops.loop, target, config, each);
      each.connected().reset();
    }
    var six = new Recorder();
    TcpClient.connect(loops.loop, InetSocketAddress.createUnresolved("[::1]", 1), config, six);
    assertThat(six.ended().kind()).isNotEqualTo(Kind.NOT_RESOLVED);
    assertThat(asked).hasValue(0);
  }

  @Test
  void aSlowResolverHoldsUpNobodyAndItsQuestionIsCancelled() throws Exception {
    var question = new CompletableFuture<List<InetAddress>>();
    Connection c = connect(1, LINES.resolver(name -> question));
    loops.run(() -> true); // the loop goes on
    ServerSocket there = listens(host(1), 0);
    var other = new Recorder();
    TcpClient.connect(loops.loop, Peer.address(there), LINES, other);
    other.connected();
    c.close();
    assertThat(heard.ended().kind()).isEqualTo(Kind.LOCAL);
    assertThat(question).isCancelled();
    var late = new CompletableFuture<List<InetAddress>>();
    var slow = new Recorder();
    TcpClient.connect(
        loops.loop,
        Net.unresolved(),
        LINES.resolver(name -> late).connectTimeout(Duration.ofMillis(20)),
        slow);
    assertThat(slow.ended().kind()).isEqualTo(Kind.CONNECT_TIMEOUT);
    assertThat(late).isCancelled();
  }

  // TcpClient looks whether the loop has ended before it begins, and it may end just then.
  @Test
  void whoBeginsOnALoopThatHasJustEndedAsksNobody() {
    var config = LINES.resolver(name -> new CompletableFuture<>());
    var home = LoopConnections.of(loops.loop);
    var target = InetSocketAddress.createUnresolved("mill.invalid", 1);
    var begins = new SocketConnection(home, config, heard, null, target);
    loops.close();
    begins.begin();
    assertThat(heard.ended().kind()).isEqualTo(Kind.SHUTDOWN);
  }

  @Test
  void aResolverMayAnswerOnAnyThread() throws Exception {
    ServerSocket there = listens(host(1), 0);
    var question = new CompletableFuture<List<InetAddress>>();
    connect(there.getLocalPort(), LINES.resolver(name -> question));
    loops.run(() -> true);
    question.complete(List.of(Inet4Address.getLoopbackAddress()));
    assertThat(heard.connected().isOpen()).isTrue();
  }

  @Test
  void whoReachesHimselfHasReachedNobody() throws Exception {
    // A socket that is bound to the port that it connects to, as the kernel may choose it.
    var self = new InetSocketAddress(host(1), 0);
    try (var socket = new Socket()) {
      socket.bind(self);
      socket.connect(socket.getLocalSocketAddress());
      assertThat(Dialer.isItself(socket.getLocalSocketAddress(), socket.getRemoteSocketAddress()))
          .isTrue();
    }
    ServerSocket there = listens(host(1), 0);
    try (var socket = new Socket(host(1), there.getLocalPort())) {
      assertThat(Dialer.isItself(socket.getLocalSocketAddress(), socket.getRemoteSocketAddress()))
          .isFalse();
    }
  }
}
