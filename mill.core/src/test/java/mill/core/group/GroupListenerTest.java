package mill.core.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import mill.core.DescriptorLimitProgram;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.FakePlatform;
import mill.core.LoopRunner;
import mill.core.Registration;
import mill.core.ShutdownReport;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How accepted connections come to the loops of a group; over real loopback sockets. */
class GroupListenerTest {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';
  private static final int BACKLOG = 512;
  private static final boolean BALANCED = CurrentPlatform.get().balancesListeners();
  private static final EventHandler SILENT = (registration, readiness) -> registration.close();

  private final List<TcpStream> clients = new ArrayList<>();

  @AfterEach
  void closeClients() {
    clients.forEach(TcpStream::close);
  }

  private static EventLoopGroup start(int loops) throws IOException {
    return start(LoopGroupConfig.builder().loops(loops));
  }

  private static EventLoopGroup start(LoopGroupConfig.Builder config) throws IOException {
    EventLoopGroup group = EventLoopGroup.open(config.name("accepting").build());
    boolean started = false;
    try {
      group.start();
      started = true;
      return group;
    } finally {
      if (!started) {
        group.close();
      }
    }
  }

  private void connect(GroupListener listener, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      TcpStream client = TcpStream.connect((InetSocketAddress) listener.localAddress());
      clients.add(client);
      if (!client.finishConnect()) {
        Net.untilReady(client, Interest.WRITABLE);
        client.finishConnect();
      }
    }
  }

  @Test
  void oneAcceptorHandsOffRoundRobinToTheConnection() throws Exception {
    int each = 16;
    Set<String> wrongThreads = ConcurrentHashMap.newKeySet();
    var accepted = new CountDownLatch(3 * each);
    try (EventLoopGroup group = start(3)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                if (!loop.isLoopThread()) {
                  wrongThreads.add(Thread.currentThread().getName());
                }
                loop.register(stream, Interest.READABLE, SILENT);
                accepted.countDown();
              });
      assertThat(listener.mode()).isSameAs(AcceptMode.HANDOFF);
      connect(listener, 3 * each);
      Await.await(accepted);
      assertThat(IntStream.range(0, 3).mapToLong(listener::accepted)).containsOnly((long) each);
      assertThat(listener.refused()).isZero();
      assertThat(listener.pauses()).isZero();
      assertThat(listener.failure()).isEmpty();
      assertThat(wrongThreads).isEmpty();
    }
  }

  @Test
  void shardsSpreadConnectionsOverTheLoops() throws Exception {
    if (!BALANCED) {
      abort(CurrentPlatform.get().name() + " does not spread connections with SO_REUSEPORT");
    }
    // By a hash of the client's port: that one of two loops gets none of 256 has a probability of
    // 2^-255.
    int connections = 256;
    var accepted = new CountDownLatch(connections);
    Set<String> wrongThreads = ConcurrentHashMap.newKeySet();
    try (EventLoopGroup group = start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              AcceptMode.SHARDED,
              (loop, stream) -> {
                if (!loop.isLoopThread()) {
                  wrongThreads.add(Thread.currentThread().getName());
                }
                stream.close();
                accepted.countDown();
              });
      assertThat(listener.mode()).isSameAs(AcceptMode.SHARDED);
      assertThat(((InetSocketAddress) listener.localAddress()).getPort()).isPositive();
      connect(listener, connections);
      Await.await(accepted);
      assertThat(listener.accepted(0)).isPositive();
      assertThat(listener.accepted(1)).isPositive();
      assertThat(listener.accepted(0) + listener.accepted(1)).isEqualTo(connections);
      assertThat(wrongThreads).isEmpty();
    }
  }

  @Test
  void shardsAreRefusedClearlyWhereTheKernelDoesNotSpread() throws Exception {
    var config = LoopGroupConfig.builder().loops(2);
    boolean inMemory = BALANCED;
    if (inMemory) {
      config.loop(each -> each.platform(new FakePlatform())); // does not spread anything
    }
    try (EventLoopGroup group = start(config)) {
      assertThatThrownBy(
              () -> group.listen(Net.loopback(), BACKLOG, AcceptMode.SHARDED, (loop, stream) -> {}))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining(inMemory ? "memory" : CurrentPlatform.get().name())
          .hasMessageContaining("use AUTO or HANDOFF");
    }
  }

  @Test
  void autoShardsWhereTheKernelSpreadsAndThereIsMoreThanOneLoop() throws Exception {
    try (EventLoopGroup one = start(1);
        EventLoopGroup two = start(2)) {
      StreamAcceptor closing = (loop, stream) -> stream.close();
      assertThat(one.listen(Net.loopback(), closing).mode()).isSameAs(AcceptMode.HANDOFF);
      assertThat(two.listen(Net.loopback(), closing).mode())
          .isSameAs(BALANCED ? AcceptMode.SHARDED : AcceptMode.HANDOFF);
    }
    assertThat(AcceptMode.AUTO.resolve(new FakePlatform(), 2)).isSameAs(AcceptMode.HANDOFF);
  }

  @Test
  void onAcceptIsCalledOnTheLoopEvenWhenWorkersAccept() throws Exception {
    var threads = new CopyOnWriteArrayList<String>();
    var accepted = new CountDownLatch(8);
    var config =
        LoopGroupConfig.builder()
            .loops(2)
            .loop(each -> each.dispatch(DispatchMode.WORKERS).workers(2));
    try (EventLoopGroup group = start(config)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                threads.add(Thread.currentThread().getName());
                stream.close();
                accepted.countDown();
              });
      connect(listener, 8);
      Await.await(accepted);
    }
    assertThat(threads)
        .containsExactlyInAnyOrder(
            "accepting-0",
            "accepting-0",
            "accepting-0",
            "accepting-0",
            "accepting-1",
            "accepting-1",
            "accepting-1",
            "accepting-1");
  }

  @ParameterizedTest
  @EnumSource(
      value = AcceptMode.class,
      names = {"AUTO", "HANDOFF"})
  void anAcceptorThatThrowsLosesItsConnectionAndNoOther(AcceptMode mode) throws Exception {
    var calls = new AtomicInteger();
    var heard = new CopyOnWriteArrayList<Throwable>();
    var over = new CountDownLatch(9);
    var broken =
        new StreamAcceptor() {
          @Override
          public void onAccept(EventLoop loop, TcpStream stream) throws IOException {
            loop.register(stream, Interest.READABLE, SILENT);
            if (calls.incrementAndGet() % 3 == 0) {
              throw new IllegalStateException("the third");
            }
            over.countDown();
          }

          @Override
          public void onError(EventLoop loop, TcpStream stream, Throwable error) {
            if (stream.isOpen() || !loop.isLoopThread()) {
              error.addSuppressed(new AssertionError(stream + " on " + Thread.currentThread()));
            }
            heard.add(error);
            over.countDown();
            throw new IllegalArgumentException("onError throws as well");
          }
        };
    try (EventLoopGroup group = start(2)) {
      var uncaught = new CopyOnWriteArrayList<Throwable>();
      catchUncaught(group, uncaught);
      GroupListener listener = group.listen(Net.loopback(), BACKLOG, mode, broken);
      connect(listener, 9);
      Await.await(over);
      assertThat(heard)
          .hasSize(3)
          .allSatisfy(
              error -> assertThat(error).hasMessage("the third").hasNoSuppressedExceptions());
      assertThat(listener.failure()).isEmpty();
      group.shutdown(Duration.ZERO).toCompletableFuture().join();
      assertThat(uncaught)
          .hasSize(3)
          .allSatisfy(error -> assertThat(error).hasMessage("onError throws as well"));
    }
  }

  @Test
  void whatAnAcceptorThrowsGoesToTheUncaughtExceptionHandlerByDefault() throws Exception {
    var uncaught = new CopyOnWriteArrayList<Throwable>();
    try (EventLoopGroup group = start(1)) {
      catchUncaught(group, uncaught);
      GroupListener listener =
          group.listen(
              Net.loopback(),
              (loop, stream) -> {
                throw new IOException("not today");
              });
      connect(listener, 1);
      awaitEnd(clients.getFirst());
    }
    assertThat(uncaught).singleElement().asString().contains("not today");
  }

  private static void catchUncaught(EventLoopGroup group, List<Throwable> uncaught)
      throws Exception {
    var set = new CountDownLatch(group.loops().size());
    for (EventLoop loop : group.loops()) {
      loop.execute(() -> {
        Thread.currentThread()
            .setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        set.countDown();
      });
    }
    Await.await(set);
  }

  @Test
  void aConnectionGoesToTheNextLoopWhenOneIsFullAndIsClosedWhenAllAre() throws Exception {
    var taken = new CopyOnWriteArrayList<EventLoop>();
    var config = LoopGroupConfig.builder().loops(2).loop(each -> each.taskQueueCapacity(1)).build();
    try (EventLoopGroup group = EventLoopGroup.open(config); // not started: tasks wait
        Net.TcpPair first = Net.tcpPair();
        Net.TcpPair second = Net.tcpPair()) {
      var distributor =
          new ConnectionDistributor(
              group.loops(),
              new LoopRotation(group.loops()),
              (loop, stream) -> {
                taken.add(loop);
                stream.close();
              });
      group.loops().get(0).execute(() -> {});
      distributor.deliver(0, first.server(), true);
      distributor.deliver(0, second.server(), true);
      assertThat(distributor.refused()).isEqualTo(1);
      assertThat(first.server().isOpen()).isTrue();
      assertThat(second.server().isOpen()).isFalse();
      awaitEnd(second.client());
      group.shutdown(Duration.ZERO).toCompletableFuture().join();
      assertThat(taken).containsExactly(group.loops().get(1)); // what waited was not lost
      assertThat(first.server().isOpen()).isFalse();
      distributor.deliver(0, Net.tcpPair().server(), true);
      assertThat(distributor.refused()).isEqualTo(2);
    }
  }

  /** Waits for the end of a stream, or its reset. */
  private static void awaitEnd(TcpStream client) throws IOException {
    Net.untilReady(client, Interest.READABLE);
    try {
      assertThat(Net.drain(client)).isEqualTo(IoStatus.END_OF_STREAM);
    } catch (ErrnoException e) {
      assertThat(e.errnoName()).isEqualTo("ECONNRESET");
    }
  }

  @Test
  void handingOffPassesByALoopThatHasEnded() throws Exception {
    var accepted = new CountDownLatch(6);
    try (EventLoopGroup group = start(3)) {
      group.loops().get(1).close();
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      connect(listener, 6);
      Await.await(accepted);
      assertThat(listener.accepted(1)).isZero();
      assertThat(listener.accepted(0) + listener.accepted(2)).isEqualTo(6);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = AcceptMode.class,
      names = {"AUTO", "HANDOFF"})
  void closingStopsAcceptingAndConnectionsLiveOn(AcceptMode mode) throws Exception {
    var accepted = new CountDownLatch(1);
    var served = new CountDownLatch(1);
    try (EventLoopGroup group = start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              mode,
              (loop, stream) -> {
                loop.register(
                    stream, Interest.READABLE, (registration, readiness) -> served.countDown());
                accepted.countDown();
              });
      connect(listener, 1);
      Await.await(accepted);
      listener.close();
      listener.close();
      // A call of accept(2) that is in flight keeps the socket until it has returned.
      LoopRunner.hold(group.loops().getFirst()).countDown();
      LoopRunner.hold(group.loops().getLast()).countDown();
      Net.requireRefused(listener.localAddress());
      Net.poke(clients.getFirst());
      Await.await(served);
      GroupShutdownReport report =
          group.shutdown(Duration.ZERO).toCompletableFuture().get(30, TimeUnit.SECONDS);
      assertThat(report.listenersClosed()).isZero(); // it was closed before
      assertThat(report.forced() + report.ended()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {BACKLOG, Integer.MAX_VALUE})
  void closingHandsWhatWaitsToTheLoopsInTurnAsTasks(int backlog) throws Exception {
    int each = 3;
    var accepted = new CountDownLatch(3 * each);
    try (EventLoopGroup group = start(3)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              backlog,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      EventLoop acceptor = group.loops().getFirst();
      CountDownLatch released = LoopRunner.hold(acceptor);
      connect(listener, 3 * each);
      listener.close();
      released.countDown();
      Await.await(accepted);
      assertThat(IntStream.range(0, 3).mapToLong(listener::accepted)).containsOnly((long) each);
    }
  }

  @Test
  void closingOnTheAcceptorsOwnLoopCallsNobodyInside() throws Exception {
    var accepted = new CountDownLatch(2);
    var acceptedInside = new CompletableFuture<Long>();
    try (EventLoopGroup group = start(1)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      EventLoop acceptor = group.loops().getFirst();
      CountDownLatch released = LoopRunner.hold(acceptor);
      connect(listener, 2);
      acceptor.execute(() -> { // of the same turn: there is no poll before it
        listener.close();
        acceptedInside.complete(listener.accepted(0));
      });
      released.countDown();
      assertThat(Await.outcomeOf(acceptedInside)).isZero();
      Await.await(accepted);
    }
  }

  @Test
  void shutdownClosesTheListenersFirstAndLetsConnectionsFinish() throws Exception {
    var accepted = new CountDownLatch(2);
    var told = new CountDownLatch(2);
    var ending =
        new EventHandler() {
          @Override
          public void onReady(Registration registration, Readiness readiness) {
            registration.close(); // the client's last word
          }

          @Override
          public void onShutdown(Registration registration) {
            told.countDown();
          }
        };
    try (EventLoopGroup group = start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                loop.register(stream, Interest.READABLE, ending);
                accepted.countDown();
              });
      connect(listener, 2);
      Await.await(accepted);
      // Its own drain comes too late then. Under Wine it would go on listening.
      CountDownLatch refused =
          ON_WINDOWS ? new CountDownLatch(1) : LoopRunner.hold(group.loops().getFirst());
      var shutdown = group.shutdown(Duration.ofHours(1)).toCompletableFuture();
      Net.requireRefused(listener.localAddress());
      refused.countDown();
      assertThatIllegalStateException()
          .isThrownBy(() -> group.listen(Net.loopback(), (loop, stream) -> stream.close()));
      Await.await(told);
      assertThat(shutdown).isNotDone();
      for (TcpStream client : clients) {
        Net.poke(client);
      }
      GroupShutdownReport report = Await.outcome(shutdown);
      assertThat(report.inTime()).isTrue();
      assertThat(report.listenersClosed()).isEqualTo(1);
      assertThat(report.loops()).extracting(ShutdownReport::ended).containsExactly(1, 1);
    }
  }

  @Test
  void anAddressInUseIsRefusedAndNothingStaysOpen() throws Exception {
    try (EventLoopGroup group = start(2)) {
      StreamAcceptor closing = (loop, stream) -> stream.close();
      GroupListener listener = group.listen(Net.loopback(), BACKLOG, AcceptMode.HANDOFF, closing);
      assertThatThrownBy(() -> group.listen(listener.localAddress(), closing))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EADDRINUSE");
      listener.close();
      GroupListener again = group.listen(listener.localAddress(), closing);
      assertThat(again.localAddress()).isEqualTo(listener.localAddress());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cold", "warm"})
  void theLoopRestsWhileThereAreNoDescriptorsAndAcceptsAgainWhenThereAre(String before)
      throws Exception {
    if (!System.getProperty("os.name").equals("Linux")) {
      abort("needs ulimit -n and a system that keeps to it");
    }
    ChildJvm.Outcome outcome =
        ChildJvm.of(DescriptorLimitProgram.class)
            .withDescriptorLimit(DescriptorLimitProgram.LIMIT)
            .run("group", before);
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("served and resumed\n");
  }

  @Test
  void monitorThatAUserHoldsDoesNotStopTheEndOfTheListener() throws Exception {
    try (EventLoopGroup group = start(2)) {
      GroupListener listener = group.listen(Net.loopback(), (loop, stream) -> stream.close());
      synchronized (listener) {
        synchronized (group) {
          Await.outcomeOf(
              Await.outcome(
                  Await.inBackground("shuts down", () -> group.shutdown(Duration.ofSeconds(30)))));
        }
      }
    }
  }
}
