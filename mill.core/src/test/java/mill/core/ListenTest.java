package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import mill.natives.ErrnoException;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Sockets.Family;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link EventLoop#listen}, over real loopback sockets. */
class ListenTest {
  private final List<TcpStream> clients = new ArrayList<>();

  @AfterEach
  void closeClients() {
    clients.forEach(TcpStream::close);
  }

  private static EventLoop open(DispatchMode dispatch) throws IOException {
    return EventLoop.open(LoopConfig.builder().dispatch(dispatch).workers(2).build());
  }

  /** Connects, and is connected when the kernel has put it into the queue. */
  private TcpStream connect(LoopListener listener) throws IOException {
    TcpStream client = TcpStream.connect(listener.localAddress());
    clients.add(client);
    Net.finishConnect(client);
    return client;
  }

  /** Keeps what it is given. */
  private static final class Keeper implements AcceptHandler {
    private final List<TcpStream> streams = new CopyOnWriteArrayList<>();
    private final List<String> threads = new CopyOnWriteArrayList<>();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();

    @Override
    public void onAccept(TcpStream stream) {
      threads.add(Thread.currentThread().getName());
      streams.add(stream);
    }

    @Override
    public void onFailure(SocketAddress address, Throwable error) {
      failures.add(error);
    }

    void await(int count) throws Exception {
      Await.eventually(count + " are accepted", () -> streams.size() == count);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void connectionsComeToTheHandlerWhereCallbacksRunAndSendAtOnce(DispatchMode dispatch)
      throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = open(dispatch)) {
      LoopListener listener = loop.listen(Net.loopback(), keeper);
      assertThat(((InetSocketAddress) listener.localAddress()).getPort()).isPositive();
      connect(listener); // before it runs: accepted as it begins
      LoopRunner.startAndAwait(loop);
      connect(listener);
      keeper.await(2);
      assertThat(listener.openConnections()).isEqualTo(2);
      for (TcpStream stream : keeper.streams) {
        assertThat(stream.getOption(SockOpt.TCP_NODELAY)).isTrue();
        stream.close();
      }
      assertThat(listener.openConnections()).isZero();
      assertThat(listener.pauses()).isZero();
      assertThat(listener.failure()).isEmpty();
    }
    String expected = dispatch == DispatchMode.INLINE ? "mill-loop" : "mill-loop-worker-";
    assertThat(keeper.threads).allMatch(thread -> thread.startsWith(expected));
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void acceptingPausesAtTheLimitAndGoesOnByItselfWhenAConnectionIsClosed(DispatchMode dispatch)
      throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = open(dispatch)) {
      LoopRunner.startAndAwait(loop);
      var config = ListenerConfig.builder().maxConnections(2).build();
      LoopListener listener = loop.listen(Net.loopback(), config, keeper);
      for (int i = 0; i < 6; i++) {
        connect(listener);
      }
      for (int open = 2; open <= 6; open++) {
        keeper.await(open);
        restingAt(loop, keeper, open);
        assertThat(listener.openConnections()).isEqualTo(2);
        keeper.streams.get(open - 2).close(); // on this thread: no registration tells of it
      }
      Await.eventually("one is left", () -> listener.openConnections() == 1);
      assertThat(listener.pauses()).as("the system had enough").isZero();
      keeper.streams.forEach(TcpStream::close);
    }
  }

  /**
   * The loop takes no more, and does not spin: a turn for each task, and few besides. One look may
   * find more of them, while whoever brings a task is held up between claiming its place and
   * filling it; a loop that spins does so each time.
   */
  private static void restingAt(EventLoop loop, Keeper keeper, int open) {
    long turns = Long.MAX_VALUE;
    long events = Long.MAX_VALUE;
    int tasks = 32;
    for (int look = 0; look < 3; look++) {
      long turnsBefore = loop.metrics().turns().total();
      long eventsBefore = loop.metrics().events().dispatched();
      for (int i = 0; i < tasks; i++) {
        LoopRunner.hold(loop).countDown();
      }
      turns = Math.min(turns, loop.metrics().turns().total() - turnsBefore);
      // With workers it is they who would spin, each time for an event.
      events = Math.min(events, loop.metrics().events().dispatched() - eventsBefore);
    }
    assertThat(turns).isLessThan(4L * tasks);
    assertThat(events).isLessThan(4L * tasks);
    assertThat(keeper.streams).hasSize(open);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void noConnectionIsLostWhileOthersEndAtTheLimit(DispatchMode dispatch) throws Exception {
    int connections = 400;
    try (EventLoop loop = open(dispatch)) {
      LoopRunner.startAndAwait(loop);
      var served = new CountDownLatch(connections);
      var config = ListenerConfig.builder().maxConnections(3).build();
      // Closed on another thread, at the very moment in which the listener finds itself full.
      AcceptHandler closing =
          stream ->
              Thread.ofVirtual()
                  .start(() -> {
                    stream.close();
                    served.countDown();
                  });
      LoopListener listener = loop.listen(Net.loopback(), config, closing);
      for (int i = 0; i < connections; i++) {
        connect(listener);
      }
      Await.await(served);
      Await.eventually("all are closed", () -> listener.openConnections() == 0);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlerThatThrowsLosesItsConnectionAndNoOther(DispatchMode dispatch) throws Exception {
    var heard = new CopyOnWriteArrayList<Throwable>();
    var uncaught = new CopyOnWriteArrayList<Throwable>();
    var keeper = new Keeper();
    var broken =
        new AcceptHandler() {
          private int calls;

          @Override
          public void onAccept(TcpStream stream) {
            if (++calls == 2) {
              throw new StackOverflowError("the second");
            }
            keeper.onAccept(stream);
          }

          @Override
          public void onError(TcpStream stream, Throwable error) {
            assertThat(stream.isOpen()).isFalse();
            heard.add(error);
            Thread.currentThread()
                .setUncaughtExceptionHandler((on, thrown) -> uncaught.add(thrown));
            throw new AssertionError("onError throws as well");
          }
        };
    try (EventLoop loop = open(dispatch)) {
      LoopRunner.startAndAwait(loop);
      LoopListener listener = loop.listen(Net.loopback(), broken);
      for (int i = 0; i < 4; i++) {
        connect(listener);
      }
      keeper.await(3);
      assertThat(heard).singleElement().asString().contains("the second");
      assertThat(listener.openConnections()).isEqualTo(3);
      assertThat(listener.failure()).isEmpty();
      assertThat(uncaught).singleElement().asString().contains("throws as well");
      keeper.streams.forEach(TcpStream::close);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closingTakesWhatWaitsAndNothingListensAnyMore(DispatchMode dispatch) throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = open(dispatch)) {
      LoopRunner.startAndAwait(loop);
      LoopListener listener = loop.listen(Net.loopback(), keeper);
      CountDownLatch released = LoopRunner.hold(loop);
      CountDownLatch workersReleased = LoopRunner.holdWorkers(loop);
      for (int i = 0; i < 5; i++) {
        connect(listener);
      }
      listener.close();
      assertThat(listener.isOpen()).isFalse();
      Net.requireRefused(listener.localAddress());
      TcpListener.bind(listener.localAddress()).close(); // the address is free
      released.countDown();
      workersReleased.countDown();
      keeper.await(5);
      listener.close();
      keeper.streams.forEach(TcpStream::close);
    }
    assertThat(keeper.failures).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void closingBeforeTheLoopRunsTellsTheHandlerHere(DispatchMode dispatch) throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = open(dispatch)) {
      LoopListener listener = loop.listen(Net.loopback(), keeper);
      connect(listener);
      listener.close();
      assertThat(keeper.threads).containsExactly(Thread.currentThread().getName());
      keeper.streams.forEach(TcpStream::close);
    }
  }

  @Test
  void closingTakesNoMoreThanTheLimitAllows() throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = EventLoop.open()) {
      var config = ListenerConfig.builder().maxConnections(2).build();
      LoopListener listener = loop.listen(Net.loopback(), config, keeper);
      for (int i = 0; i < 5; i++) {
        connect(listener);
      }
      listener.close();
    }
    assertThat(keeper.streams).hasSize(2);
    keeper.streams.forEach(TcpStream::close);
  }

  @Test
  void detachedListenerGoesOnWithAnotherLoop() throws Exception {
    var first = new Keeper();
    var second = new Keeper();
    try (EventLoop loop = EventLoop.open();
        EventLoop other = EventLoop.open()) {
      LoopListener listener = loop.listen(Net.loopback(), first);
      connect(listener);
      TcpListener detached = listener.detach();
      assertThat(listener.isOpen()).isFalse();
      assertThat(detached.isOpen()).isTrue();
      listener.close(); // nothing: it is not this one's any more
      assertThat(detached.isOpen()).isTrue();
      LoopListener moved = other.listen(detached, ListenerConfig.defaults(), second);
      assertThat(moved.localAddress()).isEqualTo(listener.localAddress());
      LoopRunner.startAndAwait(other);
      second.await(1);
      assertThat(first.streams).isEmpty();
      second.streams.forEach(TcpStream::close);
    }
  }

  @Test
  void addressInUseIsRefusedAndNothingStaysOpen() throws Exception {
    try (EventLoop loop = EventLoop.open()) {
      LoopListener listener = loop.listen(Net.loopback(), stream -> stream.close());
      assertThatThrownBy(() -> loop.listen(listener.localAddress(), stream -> stream.close()))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EADDRINUSE");
      assertThat(loop.metrics().registrations()).isEqualTo(1);
      listener.close();
      loop.listen(listener.localAddress(), stream -> stream.close());
    }
  }

  @Test
  void loopThatHasEndedRefusesToListenAndClosesWhatItWasGiven() throws Exception {
    EventLoop loop = EventLoop.open();
    loop.close();
    assertThatThrownBy(() -> loop.listen(Net.loopback(), stream -> stream.close()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ended");
    TcpListener given = TcpListener.bind(Net.loopback());
    assertThatThrownBy(
            () -> loop.listen(given, ListenerConfig.defaults(), stream -> stream.close()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ended");
    assertThat(given.isOpen()).isFalse();
    try (EventLoop living = EventLoop.open()) {
      assertThatThrownBy(
              () -> living.listen(given, ListenerConfig.defaults(), stream -> stream.close()))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void errorOfTheListenerItselfEndsItAndIsToldOnce(DispatchMode dispatch) throws Exception {
    var keeper = new Keeper();
    try (EventLoop loop = open(dispatch)) {
      // Bound and not listening: Linux reports a hang-up, and accept(2) says EINVAL.
      TcpListener deaf = TcpListener.open(Family.INET);
      deaf.bindTo(Net.loopback());
      LoopListener listener = loop.listen(deaf, ListenerConfig.defaults(), keeper);
      LoopRunner.startAndAwait(loop);
      if (!System.getProperty("os.name").equals("Linux")) {
        abort("elsewhere nothing is reported for a socket that does not listen");
      }
      Await.eventually("it has failed", () -> !keeper.failures.isEmpty());
      assertThat(keeper.failures).singleElement().asString().contains("accept: EINVAL");
      assertThat(listener.failure()).contains(keeper.failures.getFirst());
      assertThat(listener.isOpen()).isFalse();
      listener.close();
    }
    assertThat(keeper.failures).hasSize(1);
  }

  @Test
  void configRefusesWhatIsOutOfRange() {
    assertThat(ListenerConfig.defaults())
        .hasToString("ListenerConfig[backlog=4096, maxConnections=no limit]");
    assertThatThrownBy(() -> ListenerConfig.builder().backlog(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("backlog must be 1 to");
    assertThatThrownBy(() -> ListenerConfig.builder().maxConnections(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxConnections must be 1 to");
  }

  @ParameterizedTest
  @CsvSource({"loop, cold", "loop, warm", "workers, cold", "workers, warm"})
  void theLoopRestsWhileThereAreNoDescriptorsAndAcceptsAgainWhenThereAre(
      String server, String before) throws Exception {
    if (!System.getProperty("os.name").equals("Linux")) {
      abort("needs ulimit -n and a system that keeps to it");
    }
    ChildJvm.Outcome outcome =
        ChildJvm.of(DescriptorLimitProgram.class)
            .withDescriptorLimit(DescriptorLimitProgram.LIMIT)
            .run(server, before);
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("served and resumed\n");
  }
}
