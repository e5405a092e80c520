package mill.core.group;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.core.Timeout;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/**
 * Accepts the connections of one listener, and pauses when the system has nothing left to make them
 * of.
 *
 * <pre>
 *                EMFILE, ENFILE, ENOBUFS, ENOMEM
 *   ACCEPTING ──────────────────────────────────▶ PAUSED
 *     │   ▲                                         │
 *     │   └───────────── BACK_OFF_NS ───────────────┘
 *     └──▶ closed: any other error, or close()
 * </pre>
 *
 * <p>The listener is level-triggered. Without the pause a connection that cannot be accepted would
 * be reported again at once, and the loop would spin.
 */
final class Acceptor implements EventHandler {
  /** How many connections one event takes, so that the others of the loop have their turn. */
  static final int ACCEPTS_PER_EVENT = 64;

  /** How long to wait for descriptors or memory: 40 futile attempts a second. */
  static final long BACK_OFF_NS = TimeUnit.MILLISECONDS.toNanos(25);

  /** What {@code accept(2)} reports when a connection waits and could be accepted later. */
  private static final Set<String> EXHAUSTED = Set.of("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM");

  /** Where the connections go, and what becomes of accepting. On the loop's thread or a worker. */
  interface Target {
    /** Takes a connection over, whatever happens. */
    void accepted(TcpStream stream);

    /** Accepting has paused. */
    void paused();

    /** Accepting has ended with an error; the listener is closed. */
    void failed(Throwable error);
  }

  private final TcpListener listener;
  private final Target target;
  private final Registration registration;
  private final Timeout resume;

  /** Accepts from a bound listener, which is this object's to close from now on. Any thread. */
  static Acceptor start(EventLoop loop, TcpListener listener, Target target) throws IOException {
    boolean started = false;
    try {
      var acceptor = new Acceptor(loop, listener, target);
      acceptor.registration.setInterest(Interest.READABLE);
      started = true;
      return acceptor;
    } finally {
      if (!started) {
        listener.close();
      }
    }
  }

  // Registered for nothing: the first event must find the object complete.
  private Acceptor(EventLoop loop, TcpListener listener, Target target) throws IOException {
    this.listener = listener;
    this.target = target;
    resume = loop.newTimeout(this::resume);
    registration = loop.register(listener, Interest.NONE, this);
  }

  TcpListener listener() {
    return listener;
  }

  /**
   * Goes on accepting on another loop, after the one that this was on has ended.
   *
   * @throws ClosedChannelException if the listener was closed with the loop
   */
  Acceptor moveTo(EventLoop other) throws IOException {
    resume.cancel();
    registration.cancel();
    return start(other, listener, target);
  }

  /**
   * Accepts what waits, to be called before {@link #close}: the system resets what a listener
   * leaves in its queue. Any thread, also beside the loop's.
   *
   * @param most how many connections at most
   */
  void acceptWaiting(int most, Consumer<TcpStream> taker) {
    try {
      TcpStream stream;
      for (int i = 0; i < most && (stream = listener.accept()) != null; i++) {
        taker.accept(stream);
      }
    } catch (ClosedChannelException e) {
      // Closed by somebody else: nothing waits any more.
    } catch (IOException e) {
      System.getLogger("mill.core")
          .log(Level.DEBUG, () -> "connections that wait on " + listener + " are lost: " + e);
    }
  }

  /**
   * Stops accepting and closes the listener. Any thread; a second call does nothing.
   *
   * @return true if it was open
   */
  boolean close() {
    boolean open = listener.isOpen();
    resume.cancel();
    registration.close();
    return open;
  }

  @Override
  public void onReady(Registration ready, Readiness readiness) throws IOException {
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
      TcpStream stream;
      try {
        stream = listener.accept();
      } catch (ErrnoException e) {
        if (!EXHAUSTED.contains(e.errnoName())) {
          throw e;
        }
        pause(ready);
        return;
      } catch (ClosedChannelException e) {
        return; // closed on another thread, and not for an error of ours
      }
      if (stream == null) {
        return;
      }
      target.accepted(stream);
    }
  }

  @Override
  public void onError(Registration ended, Throwable error) {
    target.failed(error);
  }

  private void pause(Registration ready) throws IOException {
    try {
      ready.setInterest(Interest.NONE);
    } catch (ClosedChannelException | IllegalStateException e) {
      return; // closed on another thread meanwhile
    }
    target.paused();
    resume.rescheduleNs(BACK_OFF_NS);
  }

  private void resume() {
    try {
      registration.setInterest(Interest.READABLE);
    } catch (ClosedChannelException | IllegalStateException e) {
      // closed on another thread meanwhile: there is nothing to resume
    } catch (IOException e) {
      registration.close();
      target.failed(e);
    }
  }
}
