package mill.core.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import mill.core.CloseReason;
import mill.core.Registration;
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
 * Connects one connection: resolves the name, then tries its addresses one after the other. The
 * loop's thread; the time limit is the connection's.
 *
 * <pre>
 *   start ─▶ resolving ─▶ dialling ─┬─▶ stands
 *       └───────────────────▲  │    └─▶ the next address
 *                              └─▶ none is left: failed
 * </pre>
 *
 * <p>Racing of addresses belongs in {@link #dialNext}: what an attempt is, and how it ends, does
 * not know that there is only one at a time.
 */
final class Dialer implements NameResolver.Answer {
  private final LoopConnections home;
  private final SocketConnection owner;
  private final SocketAddress target;

  private NameResolver.@Nullable Lookup lookup;
  private List<SocketAddress> addresses = List.of();
  private int next;
  private @Nullable Attempt attempt;
  private boolean over;
  private Kind lastKind = Kind.NOT_RESOLVED;
  private @Nullable Throwable lastError;

  /** A socket on its way to an address. */
  private record Attempt(StreamSocket socket, Registration registration) {}

  Dialer(LoopConnections home, SocketConnection owner, SocketAddress target) {
    this.home = home;
    this.owner = owner;
    this.target = target;
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
      resolved(List.of(literal));
      return;
    }
    try {
      lookup = home.resolver.resolve(inet.getHostString(), this);
    } catch (RejectedExecutionException e) {
      fail(Kind.NOT_RESOLVED, e);
    }
  }

  private static @Nullable InetAddress literal(String name) {
    try {
      return InetAddress.ofLiteral(name);
    } catch (IllegalArgumentException e) {
      return null; // a name
    }
  }

  // ---- the answer of the resolver

  @Override
  public void resolved(List<InetAddress> found) {
    lookup = null;
    if (over) {
      return;
    }
    int port = ((InetSocketAddress) target).getPort();
    var all = new ArrayList<SocketAddress>();
    for (InetAddress address : found) {
      all.add(new InetSocketAddress(address, port));
    }
    addresses = all;
    dialNext();
  }

  @Override
  public void failed(Throwable why) {
    lookup = null;
    if (why instanceof RejectedExecutionException) {
      fail(Kind.SHUTDOWN, null); // the loop has ended before there was an answer
    } else if (!(why instanceof CancellationException)) {
      fail(Kind.NOT_RESOLVED, why);
    }
  }

  // ---- attempts

  /** Tries the next address, or gives up if there is none. */
  private void dialNext() {
    while (!over && attempt == null) {
      if (next == addresses.size()) {
        fail(lastKind, lastError);
        return;
      }
      dial(addresses.get(next++));
    }
  }

  private void dial(SocketAddress address) {
    StreamSocket socket;
    try {
      socket =
          address instanceof InetSocketAddress
              ? TcpStream.connect(home.seam.platform(), address)
              : UnixStream.connect(home.seam.platform(), address);
    } catch (IOException | IllegalArgumentException e) {
      attemptFailed(e);
      return;
    }
    boolean registered = false;
    try {
      Registration registration =
          home.loop.register(socket, Interest.READABLE_WRITABLE, Trigger.EDGE, owner);
      registered = true;
      attempt = new Attempt(socket, registration);
    } catch (IOException e) {
      attemptFailed(e);
    } catch (IllegalStateException e) {
      fail(Kind.SHUTDOWN, null); // the loop has ended
    } finally {
      if (!registered) {
        socket.close();
      }
    }
    if (attempt != null && socket.isConnected()) {
      succeeded(attempt, false);
    }
  }

  /** An event of one of the attempts. */
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  void onReady(Registration ready, Readiness readiness) {
    Attempt tried = attempt;
    if (tried == null || tried.registration != ready) {
      return;
    }
    try {
      if (tried.socket.finishConnect()) {
        succeeded(tried, readiness.isReadable());
      }
    } catch (IOException e) {
      attempt = null;
      tried.registration.close();
      attemptFailed(e);
      dialNext();
    }
  }

  private void succeeded(Attempt won, boolean readable) {
    try {
      if (isItself(won.socket)) {
        attempt = null;
        won.registration.close();
        lastKind = Kind.REFUSED;
        lastError = null;
        dialNext();
        return;
      }
      end();
      attempt = null;
      owner.connected(addresses.get(next - 1));
      owner.stands(won.socket, won.registration, readable);
    } catch (IOException e) {
      won.registration.close();
      fail(Kind.UNREACHABLE, e);
    }
  }

  // Who connects to a port of this host that nobody listens on may be given that very port to come
  // from, and so reach himself.
  private static boolean isItself(StreamSocket socket) throws IOException {
    return socket instanceof TcpStream && socket.localAddress().equals(socket.remoteAddress());
  }

  /** One of the attempts has left the loop, by this or by the loop. */
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  void attemptClosed(Registration ended, CloseReason reason) {
    Attempt tried = attempt;
    if (tried != null && tried.registration == ended) {
      attempt = null;
      fail(reason == CloseReason.POLLABLE_CLOSED ? Kind.LOCAL : Kind.SHUTDOWN, null);
    }
  }

  private void attemptFailed(Exception why) {
    lastKind = kindOf(why);
    lastError = why;
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

  private void end() {
    over = true;
    home.remove(this);
  }

  /** Nobody wants the connection any more. */
  void cancel() {
    if (!over) {
      end();
    }
    NameResolver.Lookup asked = lookup;
    lookup = null;
    if (asked != null) {
      asked.cancel();
    }
    Attempt tried = attempt;
    attempt = null;
    if (tried != null) {
      tried.registration.close();
    }
  }
}
