package mill.core.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import mill.core.DescriptorLimitProgram;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.FakePlatform;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
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
  private static final boolean BALANCED = CurrentPlatform.get().balancesListeners();
  private static final EventHandler SILENT = (registration, readiness) -> registration.close();

  private final GroupClients clients = new GroupClients();

  @AfterEach
  void closeClients() {
    clients.close();
  }

  @Test
  void oneAcceptorHandsOffRoundRobinToTheConnection() throws Exception {
    int each = 16;
    Set<String> wrongThreads = ConcurrentHashMap.newKeySet();
    var accepted = new CountDownLatch(3 * each);
    try (EventLoopGroup group = GroupClients.start(3)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                if (!loop.isLoopThread()) {
                  wrongThreads.add(Thread.currentThread().getName());
                }
                loop.register(stream, Interest.READABLE, SILENT);
                accepted.countDown();
              });
      assertThat(listener.mode()).isSameAs(AcceptMode.HANDOFF);
      clients.connect(listener, 3 * each);
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
    try (EventLoopGroup group = GroupClients.start(2)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
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
      clients.connect(listener, connections);
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
    try (EventLoopGroup group = GroupClients.start(config)) {
      assertThatThrownBy(() ->
              group.listen(
                  Net.loopback(), GroupClients.BACKLOG, AcceptMode.SHARDED, (loop, stream) -> {}))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining(inMemory ? "memory" : CurrentPlatform.get().name())
          .hasMessageContaining("use AUTO or HANDOFF");
    }
  }

  @Test
  void autoShardsWhereTheKernelSpreadsAndThereIsMoreThanOneLoop() throws Exception {
    try (EventLoopGroup one = GroupClients.start(1);
        EventLoopGroup two = GroupClients.start(2)) {
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
    try (EventLoopGroup group = GroupClients.start(config)) {
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                threads.add(Thread.currentThread().getName());
                stream.close();
                accepted.countDown();
              });
      clients.connect(listener, 8);
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
    try (EventLoopGroup group = GroupClients.start(2)) {
      var uncaught = new CopyOnWriteArrayList<Throwable>();
      catchUncaught(group, uncaught);
      GroupListener listener = group.listen(Net.loopback(), GroupClients.BACKLOG, mode, broken);
      clients.connect(listener, 9);
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
    try (EventLoopGroup group = GroupClients.start(1)) {
      catchUncaught(group, uncaught);
      GroupListener listener =
          group.listen(
              Net.loopback(),
              (loop, stream) -> {
                throw new IOException("not today");
              });
      clients.connect(listener, 1);
      awaitEnd(clients.first());
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
    try (EventLoopGroup group = GroupClients.start(3)) {
      group.loops().get(1).close();
      GroupListener listener =
          group.listen(
              Net.loopback(),
              GroupClients.BACKLOG,
              AcceptMode.HANDOFF,
              (loop, stream) -> {
                stream.close();
                accepted.countDown();
              });
      clients.connect(listener, 6);
      Await.await(accepted);
      assertThat(listener.accepted(1)).isZero();
      assertThat(listener.accepted(0) + listener.accepted(2)).isEqualTo(6);
    }
  }

  @Test
  void anAddressInUseIsRefusedAndNothingStaysOpen() throws Exception {
    try (EventLoopGroup group = GroupClients.start(2)) {
      StreamAcceptor closing = (loop, stream) -> stream.close();
      GroupListener listener =
          group.listen(Net.loopback(), GroupClients.BACKLOG, AcceptMode.HANDOFF, closing);
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
}
