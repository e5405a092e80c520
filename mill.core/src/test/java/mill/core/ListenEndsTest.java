package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What becomes of connections that wait at a listener when their loop ends: their row of the table
 * in the Javadoc of {@link EventLoop}, over real sockets.
 */
class ListenEndsTest {
  private static final int WAITING = 6;

  private final List<TcpStream> clients = new ArrayList<>();
  private final AtomicInteger accepted = new AtomicInteger();

  @AfterEach
  void closeClients() {
    clients.forEach(TcpStream::close);
  }

  /** A loop that is held up in a task, and connections in its queue. */
  private final class Held implements AutoCloseable {
    private final EventLoop loop;
    private final LoopListener listener;
    private final LoopRunner runner;
    private final CountDownLatch released;
    private final CountDownLatch workersReleased;

    Held(DispatchMode dispatch) throws IOException {
      loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).workers(2).build());
      listener = loop.listen(Net.loopback(), this::serve);
      runner = LoopRunner.startAndAwait(loop);
      released = LoopRunner.hold(loop);
      workersReleased = LoopRunner.holdWorkers(loop);
      for (int i = 0; i < WAITING; i++) {
        TcpStream client = TcpStream.connect(listener.localAddress());
        clients.add(client);
        Net.finishConnect(client);
      }
    }

    private void serve(TcpStream stream) throws IOException {
      accepted.incrementAndGet();
      loop.register(stream, Interest.READABLE, new LastWord(stream));
    }

    /** Lets the loop go on. */
    void release() {
      released.countDown();
      workersReleased.countDown();
    }

    /** Lets the loop, which has been asked to end, do so; its workers begin nothing more. */
    void releaseToEnd() throws Exception {
      released.countDown();
      if (loop.config().dispatch() == DispatchMode.WORKERS) {
        Await.eventually("it waits for its workers", this::awaitsWorkers);
        workersReleased.countDown();
      }
    }

    /**
     * Lets the loop end that is to do so by force: that interrupts the workers, so nobody has to
     * let them go.
     */
    void releaseToForcedEnd() {
      released.countDown();
    }

    private boolean awaitsWorkers() {
      return Arrays.stream(runner.thread().getStackTrace())
          .anyMatch(frame -> frame.getMethodName().equals("awaitEnd"));
    }

    @Override
    public void close() {
      release();
      loop.close();
    }
  }

  /** Greets, and ends when its peer does: so does a shutdown, which waits for that. */
  private static final class LastWord implements EventHandler {
    private final TcpStream stream;

    LastWord(TcpStream stream) {
      this.stream = stream;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      registration.close();
    }

    @Override
    public void onShutdown(Registration registration) throws IOException {
      Net.writeText(stream, "bye");
    }
  }

  private static boolean isReset(TcpStream client) throws IOException {
    try {
      return Net.drain(client) != IoStatus.END_OF_STREAM;
    } catch (ErrnoException e) {
      assertThat(e.errnoName()).isEqualTo("ECONNRESET");
      return true;
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void gracefulShutdownAcceptsWhatWaitsBeforeItClosesTheListener(DispatchMode dispatch)
      throws Exception {
    try (var held = new Held(dispatch)) {
      CompletionStage<ShutdownReport> report = held.loop.shutdown(Duration.ofMinutes(10));
      held.release();
      for (TcpStream client : clients) {
        assertThat(Net.readText(client, 3)).isEqualTo("bye");
        Net.poke(client);
      }
      ShutdownReport told = Await.outcome(report.toCompletableFuture());
      assertThat(told.inTime()).isTrue();
      assertThat(told.listenersClosed()).isEqualTo(1);
      assertThat(told.ended()).isEqualTo(WAITING);
      assertThat(told.forced()).isZero();
      held.runner.join();
      assertThat(held.listener.isOpen()).isFalse();
      assertThat(held.listener.openConnections()).isZero();
    }
    assertThat(accepted).hasValue(WAITING);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void listenerThatIsClosedJustBeforeAShutdownLosesNothing(DispatchMode dispatch) throws Exception {
    try (var held = new Held(dispatch)) {
      held.listener.close();
      CompletionStage<ShutdownReport> report = held.loop.shutdown(Duration.ofMinutes(10));
      held.release();
      for (TcpStream client : clients) {
        assertThat(Net.readText(client, 3)).isEqualTo("bye");
        Net.poke(client);
      }
      assertThat(Await.outcome(report.toCompletableFuture()).inTime()).isTrue();
      held.runner.join();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INLINE, CLOSE",
    "INLINE, SHUTDOWN_FORCED",
    "WORKERS, CLOSE",
    "WORKERS, SHUTDOWN_FORCED"
  })
  void closeAndForcedShutdownResetWhatWaits(DispatchMode dispatch, EndsTest.End end)
      throws Exception {
    try (var held = new Held(dispatch)) {
      Thread asking = Thread.ofPlatform().daemon().start(() -> end.ask(held.loop));
      if (end == EndsTest.End.CLOSE) {
        Await.state(asking, Thread.State.TIMED_WAITING);
      } else {
        asking.join();
      }
      if (end == EndsTest.End.SHUTDOWN_FORCED) {
        held.releaseToForcedEnd();
      } else {
        held.releaseToEnd();
      }
      asking.join();
      held.runner.join();
      assertThat(held.listener.isOpen()).isFalse();
      for (TcpStream client : clients) {
        Net.untilReady(client, Interest.READABLE);
        assertThat(isReset(client)).isTrue();
      }
      assertThat(accepted).hasValue(0);
      assertThat(held.listener.failure()).isEmpty();
      held.listener.close(); // nothing more
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void stoppedLoopLeavesWaitingConnectionsUntilItIsClosed(DispatchMode dispatch) throws Exception {
    try (var held = new Held(dispatch)) {
      held.loop.stop();
      held.releaseToEnd();
      held.runner.join();
      assertThat(held.listener.isOpen()).isTrue();
      assertThat(clients).allMatch(client -> read(client) == IoStatus.WOULD_BLOCK);
      held.loop.close();
      assertThat(held.listener.isOpen()).isFalse();
      for (TcpStream client : clients) {
        Net.untilReady(client, Interest.READABLE);
        assertThat(isReset(client)).isTrue();
      }
    }
  }

  private static int read(TcpStream client) {
    try {
      return Net.drain(client);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void listenerThatIsClosedAsTheLoopEndsDeliversWhatItTook(DispatchMode dispatch) throws Exception {
    try (var held = new Held(dispatch)) {
      held.listener.close();
      held.loop.stop();
      held.releaseToEnd();
      held.runner.join();
      assertThat(accepted).hasValue(WAITING); // as tasks that were accepted
    }
  }
}
