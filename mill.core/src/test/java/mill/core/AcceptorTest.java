package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import mill.core.internal.loop.TcpSource;
import mill.natives.Interest;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An {@link Acceptor} whose loop is the test's, in the moments that a real one seldom has. */
class AcceptorTest {
  /** Writes down what is asked of it, and does what it is told to. */
  private static final class Gate implements AcceptGate {
    private final List<Long> resumes = new ArrayList<>();
    private final List<Runnable> deliveries = new ArrayList<>();
    private Runnable asItShuts = () -> {};
    private boolean open = true;
    private boolean closed;
    private boolean refusesToOpen;
    private boolean ended;

    @Override
    public void setOpen(boolean on) throws IOException {
      if (on && refusesToOpen) {
        throw new IOException("the kernel refuses");
      }
      open = on;
      if (!on) {
        asItShuts.run();
      }
    }

    @Override
    public void resumeAfter(long delayNs) {
      requireGoingOn();
      resumes.add(delayNs);
    }

    @Override
    public void deliver(Runnable task) {
      requireGoingOn();
      deliveries.add(task);
    }

    private void requireGoingOn() {
      if (ended) {
        throw new RejectedExecutionException("the loop has ended");
      }
    }

    @Override
    public boolean hasEnded() {
      return false; // it has not yet, when it is asked
    }

    @Override
    public void detach() {
      closed = true;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private final Gate gate = new Gate();
  private final List<TcpStream> accepted = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();
  private final List<TcpStream> clients = new ArrayList<>();
  private TcpListener listener;
  private Acceptor acceptor;

  @BeforeEach
  void listen() throws IOException {
    listener = TcpListener.bind(Net.loopback());
    var handler =
        new AcceptHandler() {
          @Override
          public void onAccept(TcpStream stream) {
            accepted.add(stream);
          }

          @Override
          public void onFailure(SocketAddress address, Throwable error) {
            failures.add(error);
            throw new AssertionError("onFailure throws as well");
          }
        };
    acceptor =
        new Acceptor(
            new TcpSource(listener),
            TcpListener.DEFAULT_BACKLOG,
            new CountedLimit(1),
            new TcpAcceptor(handler),
            gate);
    for (int i = 0; i < 2; i++) {
      TcpStream client = TcpStream.connect(listener.localAddress());
      clients.add(client);
      Net.finishConnect(client);
    }
  }

  @AfterEach
  void close() {
    listener.close();
    accepted.forEach(TcpStream::close);
    clients.forEach(TcpStream::close);
  }

  @Test
  void placeThatBecomesFreeJustAsItPausesIsNotOverlooked() throws Exception {
    gate.asItShuts = () -> accepted.getFirst().close();
    acceptor.acceptReady();
    assertThat(gate.open).isFalse();
    assertThat(gate.resumes).containsExactly(0L);
    acceptor.resume();
    assertThat(gate.open).isTrue();
    acceptor.acceptReady();
    assertThat(accepted).hasSize(2);
  }

  @Test
  void placeThatBecomesFreeWhileItPausesIsUsed() throws Exception {
    acceptor.acceptReady();
    assertThat(gate.resumes).isEmpty();
    accepted.getFirst().close();
    assertThat(gate.resumes).containsExactly(0L);
    acceptor.resume();
    acceptor.acceptReady();
    accepted.getLast().close();
    assertThat(accepted).hasSize(2);
    assertThat(acceptor.open()).isZero();
    assertThat(gate.resumes).as("full again, and woken again").containsExactly(0L, 0L);
  }

  @Test
  void endOfTheLoopIsNoErrorOfTheListener() throws Exception {
    gate.asItShuts = () -> gate.ended = true;
    acceptor.acceptReady();
    accepted.getFirst().close(); // would wake it
    assertThat(gate.resumes).isEmpty();
    assertThat(failures).isEmpty();
  }

  @Test
  void pauseThatTheLoopsEndCutsShortIsNoErrorOfTheListener() throws Exception {
    gate.asItShuts =
        () -> {
          gate.ended = true;
          accepted.getFirst().close();
        };
    acceptor.acceptReady();
    assertThat(gate.resumes).isEmpty();
    assertThat(failures).isEmpty();
  }

  @Test
  void kernelThatRefusesToGoOnEndsTheListenerAndIsTold() throws Exception {
    Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> {});
    try {
      acceptor.acceptReady();
      gate.refusesToOpen = true;
      acceptor.resume();
      acceptor.failed(new IOException("a second one"));
    } finally {
      Thread.currentThread().setUncaughtExceptionHandler(null);
    }
    assertThat(gate.closed).isTrue();
    assertThat(failures).singleElement().asString().contains("the kernel refuses");
    assertThat(acceptor.failure()).isSameAs(failures.getFirst());
  }

  @Test
  void whatWasTakenForALoopThatEndsJustThenIsClosed() throws Exception {
    gate.ended = true;
    acceptor.close();
    assertThat(gate.closed).isTrue();
    assertThat(accepted).isEmpty();
    assertThat(acceptor.open()).isZero();
    Net.untilReady(clients.getFirst(), Interest.READABLE);
  }

  @Test
  void whatWaitsIsHandedOverBeforeTheGateIsClosedAndOnce() {
    acceptor.close();
    acceptor.close();
    assertThat(gate.closed).isTrue();
    assertThat(accepted).as("called where events are").isEmpty();
    assertThat(gate.deliveries).hasSize(1);
    gate.deliveries.forEach(Runnable::run);
    assertThat(accepted).hasSize(1);
  }
}
