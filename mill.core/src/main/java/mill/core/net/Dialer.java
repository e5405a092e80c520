package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import mill.core.CloseReason;
import mill.core.Registration;
import mill.core.Timeout;
import mill.core.net.CloseCause.Kind;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpStream;
import mill.natives.net.UnixStream;
import org.jspecify.annotations.Nullable;

/**
 * Connects one connection: resolves the name, then races its addresses, as RFC 8305 says ("Happy
 * Eyeballs", section 5). The loop's thread; the time limit is the connection's.
 *
 * <pre>
 *   start ─▶ resolving ─▶ dialling ─┬─▶ one stands: the others are closed
 *       └───────────────────▲  │ │  └─▶ one fails: the next at once; none is left: failed
 *                              │ └────▶ no answer for the delay: the next beside it
 *                              └──────▶ the connection's time is over, or nobody wants it any more
 * </pre>
 *
 * <p>An attempt that was begun goes on until the race is over: who gives up a slow one cannot reach
 * what is far away.
 */
final class Dialer {
  private static final int MAX_ADDRESSES = 32;

  private final LoopConnections home;
  private final SocketConnection owner;
  private final SocketAddress target;
  private final ConnectionConfig config;

  private @Nullable CompletableFuture<List<InetAddress>> question;
  private List<SocketAddress> addresses = List.of();
  private int next;
  private final ArrayList<Attempt> attempts = new ArrayList<>(1);
  private @Nullable Timeout timer;
  private boolean over;
  private Kind failure = Kind.NOT_RESOLVED;
  private @Nullable Throwable error;

  /** A socket on its way to an address. */
  private record Attempt(SocketAddress to, StreamSocket socket, Registration registration) {}

  Dialer(
      LoopConnections home, SocketConnection owner, SocketAddress target, ConnectionConfig config) {
    this.home = home;
    this.owner = owner;
    this.target = target;
    this.config = config;
  }

  SocketConnection owner() {
    return owner;
  }

  void start() {
    home.add(this);
    if (!(target instanceof InetSocketAddress inet) || !inet.isUnresolved()) {
      addresses = List.of(target);
      dialNext();
      return;
    }
    InetAddress literal = literal(inet.getHostString());
    if (literal != null) {
      addresses = List.of(new InetSocketAddress(literal, inet.getPort()));
      dialNext();
    } else {
      ask(inet.getHostString());
    }
  }

  private static @Nullable InetAddress literal(String name) {
    boolean bracketed = name.startsWith("[") && name.endsWith("]");
    try {
      return InetAddress.ofLiteral(bracketed ? name.substring(1, name.length() - 1) : name);
    } catch (IllegalArgumentException e) {
      return null; // a name
    }
  }

  // ---- the resolver

  private void ask(String name) {
    if (home.hasTurned()) { // the loop has ended: nobody would end a question without an answer
      fail(Kind.SHUTDOWN, null);
      return;
    }
    NameResolver resolver = config.resolver == null ? home.resolver : config.resolver;
    try {
      question = requireNonNull(resolver.resolve(name), "the resolver gave no future");
    } catch (Throwable thrown) {
      fail(Kind.NOT_RESOLVED, thrown);
      return;
    }
    var _ = question.whenComplete((found, thrown) -> owner.hasAnswer()); // any thread
  }

  /** The resolver has answered. */
  void answered() {
    CompletableFuture<List<InetAddress>> asked = question;
    question = null;
    if (over || asked == null) {
      return;
    }
    List<InetAddress> found;
    try {
      found = List.copyOf(asked.join());
    } catch (CompletionException e) {
      fail(Kind.NOT_RESOLVED, e.getCause() == null ? e : e.getCause());
      return;
    } catch (RuntimeException e) {
      fail(Kind.NOT_RESOLVED, e); // cancelled by the resolver, or no list of addresses
      return;
    }
    addresses = order(found, ((InetSocketAddress) target).getPort());
    dialNext();
  }

  /** The families by turns, beginning with that of the first (RFC 8305, section 4). */
  static List<SocketAddress> order(List<InetAddress> found, int port) {
    var first = new ArrayList<SocketAddress>();
    var other = new ArrayList<SocketAddress>();
    for (InetAddress address : found) {
      boolean likeFirst = address.getClass() == found.getFirst().getClass();
      (likeFirst ? first : other).add(new InetSocketAddress(address, port));
    }
    var ordered = new ArrayList<SocketAddress>();
    for (int i = 0; i < Math.max(first.size(), other.size()); i++) {
      if (i < first.size()) {
        ordered.add(first.get(i));
      }
      if (i < other.size()) {
        ordered.add(other.get(i));
      }
    }
    return ordered.size() <= MAX_ADDRESSES ? ordered : ordered.subList(0, MAX_ADDRESSES);
  }

  // ---- attempts

  /** How many are under way. */
  int attempts() {
    return attempts.size();
  }

  /** Begins with the next address, and so on until one attempt is under way. */
  private void dialNext() {
    while (!over) {
      if (next == addresses.size()) {
        if (attempts.isEmpty()) {
          fail(failure, error);
        }
        return;
      }
      if (dial(addresses.get(next++))) {
        if (!over && next < addresses.size()) {
          lookAgain();
        }
        return;
      }
    }
  }

  // The next address has its turn when this one has kept silent for so long.
  private void lookAgain() {
    Timeout made = timer;
    if (made == null) {
      made = home.loop.newTimeout(this::dialNext);
      timer = made;
    }
    try {
      made.rescheduleNs(config.attemptDelayNs);
    } catch (RejectedExecutionException e) {
      fail(Kind.SHUTDOWN, null); // the loop has ended
    }
  }

  /** Begins to connect to an address; false if it has failed already. */
  boolean dial(SocketAddress address) {
    StreamSocket socket;
    try {
      socket =
          address instanceof InetSocketAddress
              ? TcpStream.connect(home.seam.platform(), address)
              : UnixStream.connect(home.seam.platform(), address);
    } catch (IOException | IllegalArgumentException e) {
      noteFailure(e);
      return false;
    }
    Attempt attempt = null;
    try {
      Registration registration =
          home.loop.register(socket, Interest.READABLE_WRITABLE, Trigger.EDGE, owner);
      attempt = new Attempt(address, socket, registration);
      attempts.add(attempt);
    } catch (IOException e) {
      noteFailure(e);
    } catch (IllegalStateException e) {
      fail(Kind.SHUTDOWN, null); // the loop has ended
    } finally {
      if (attempt == null) {
        socket.close();
      }
    }
    return attempt != null && (!socket.isConnected() || succeeded(attempt, false));
  }

  /** An event of one of the attempts. */
  void onReady(Registration ready, Readiness readiness) {
    Attempt tried = attempt(ready);
    if (tried == null) {
      return;
    }
    try {
      if (tried.socket.finishConnect() && !succeeded(tried, readiness.isReadable())) {
        dialNext();
      }
    } catch (IOException e) {
      drop(tried);
      noteFailure(e);
      dialNext();
    }
  }

  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  private @Nullable Attempt attempt(Registration of) {
    for (int i = 0; i < attempts.size(); i++) {
      if (attempts.get(i).registration == of) {
        return attempts.get(i);
      }
    }
    return null;
  }

  private void drop(Attempt attempt) {
    attempts.remove(attempt);
    attempt.registration.close();
  }

  /** An attempt stands; false if it is not what was wanted. */
  private boolean succeeded(Attempt won, boolean readable) {
    try {
      if (won.socket instanceof TcpStream
          && isItself(won.socket.localAddress(), won.socket.remoteAddress())) {
        drop(won);
        failure = Kind.REFUSED;
        error = null;
        return false;
      }
      attempts.remove(won);
      end();
      owner.connected(won.to);
      owner.stands(won.socket, won.registration, readable);
    } catch (IOException e) {
      drop(won);
      noteFailure(e);
      return over;
    }
    return true;
  }

  // Who connects to a port of this host that nobody listens on may be given that very port to come
  // from, and so reach himself.
  static boolean isItself(SocketAddress local, @Nullable SocketAddress remote) {
    return local.equals(remote);
  }

  /** One of the attempts has left the loop, by this or by the loop. */
  void attemptClosed(Registration ended, CloseReason reason) {
    Attempt tried = attempt(ended);
    if (tried != null) {
      attempts.remove(tried);
      fail(reason == CloseReason.POLLABLE_CLOSED ? Kind.LOCAL : Kind.SHUTDOWN, null);
    }
  }

  // ---- the outcome

  // A host that says no tells more than a way that there is not.
  private void noteFailure(Exception why) {
    Kind kind = kindOf(why);
    if (failure != Kind.REFUSED || kind == Kind.REFUSED) {
      failure = kind;
      error = why;
    }
  }

  private static Kind kindOf(Exception why) {
    if (!(why instanceof ErrnoException failed)) {
      return Kind.UNREACHABLE;
    }
    return switch (failed.errnoName()) {
      // Of Unix sockets: there is no such path, or nobody has bound it.
      case "ECONNREFUSED", "ECONNRESET", "ENOENT" -> Kind.REFUSED;
      case "ETIMEDOUT" -> Kind.CONNECT_TIMEOUT;
      default -> Kind.UNREACHABLE;
    };
  }

  private void fail(Kind kind, @Nullable Throwable why) {
    if (!over) {
      end();
      owner.fail(kind, why);
    }
  }

  // Losers are closed here, also one that has won at the same time and only waits for its event.
  private void end() {
    over = true;
    home.remove(this);
    if (timer != null) {
      timer.cancel();
    }
    CompletableFuture<List<InetAddress>> asked = question;
    question = null;
    if (asked != null) {
      asked.cancel(true);
    }
    while (!attempts.isEmpty()) {
      drop(attempts.getLast());
    }
  }

  /** Nobody wants the connection any more. */
  void cancel() {
    if (!over) {
      end();
    }
  }
}
