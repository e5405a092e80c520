package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import mill.natives.CurrentPlatform;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/**
 * A socket that TCP connections are accepted from.
 *
 * <p>{@link SockOpt#SO_REUSEADDR} is on, or a server could not start again while old connections
 * are in TIME_WAIT; so is {@link SockOpt#TCP_NODELAY}, which the accepted streams have from here. A
 * listener of the wildcard address, whichever family's it is written as, is reached by IPv4 and
 * IPv6.
 */
public final class TcpListener extends AbstractListener {
  /**
   * The backlog of {@link #bind(SocketAddress)}. The system lowers it to its own limit ({@code
   * somaxconn}).
   */
  public static final int DEFAULT_BACKLOG = 4096;

  // Whether TCP_NODELAY has to be set on what is accepted: a taken over listener need not have it.
  private boolean takenOver;

  private TcpListener(Platform platform, int fd, Family family) {
    super(platform, fd, family);
  }

  /**
   * Opens a listener that is not bound yet, to set options before {@link #bindTo} and {@link
   * #listen}. Any thread.
   *
   * @param family {@code INET} or {@code INET6}
   * @return the listener, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static TcpListener open(Family family) throws IOException {
    return open(CurrentPlatform.get(), family);
  }

  /**
   * Opens a listener that is not bound yet on a platform of the caller's choice. Any thread. See
   * {@link #open(Family)}.
   *
   * @param platform the platform
   * @param family {@code INET} or {@code INET6}
   * @return the listener, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static TcpListener open(Platform platform, Family family) throws IOException {
    int fd = openSocket(platform, family, Sockets.Type.STREAM);
    var listener = new TcpListener(platform, fd, family);
    boolean done = false;
    try {
      listener.setOption(SockOpt.SO_REUSEADDR, true);
      listener.setOption(SockOpt.TCP_NODELAY, true); // accepted streams have it from their listener
      done = true;
      return listener;
    } finally {
      if (!done) {
        listener.close();
      }
    }
  }

  /**
   * Listens on an address. Any thread.
   *
   * @param local where; port 0 lets the system choose, {@link #localAddress()} tells what
   * @return the listener, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   */
  public static TcpListener bind(SocketAddress local) throws IOException {
    return bind(local, DEFAULT_BACKLOG);
  }

  /**
   * Listens on an address. Any thread.
   *
   * @param local where; port 0 lets the system choose, {@link #localAddress()} tells what
   * @param backlog how many connections may wait to be accepted; the system may lower it
   * @return the listener, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   */
  public static TcpListener bind(SocketAddress local, int backlog) throws IOException {
    return bind(CurrentPlatform.get(), local, backlog);
  }

  /**
   * Listens on an address of a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @param local where
   * @param backlog how many connections may wait to be accepted
   * @return the listener, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static TcpListener bind(Platform platform, SocketAddress local, int backlog)
      throws IOException {
    return bind(platform, local, backlog, false);
  }

  /**
   * Listens on an address beside whoever listens there with {@code SO_REUSEPORT} already, whichever
   * process of the same user it is. Any thread. Those who want to share among themselves alone use
   * {@link #bindShards}.
   *
   * <p>Where {@link Platform#balancesListeners()} says so, the kernel gives each new connection to
   * one of them, by a hash of its addresses. Closing one resets the connections that wait there.
   *
   * @param platform the platform
   * @param local where; port 0 lets the system choose, and {@link #localAddress()} tells the others
   *     what
   * @param backlog how many connections may wait to be accepted here
   * @return the listener, to be closed by the caller
   * @throws IOException if the platform refuses, {@code EADDRINUSE} for instance, when somebody
   *     listens there without the option; nothing stays open
   * @throws UnsupportedOperationException if this system has no such option
   */
  public static TcpListener bindShared(Platform platform, SocketAddress local, int backlog)
      throws IOException {
    return bind(platform, local, backlog, true);
  }

  /**
   * Listens on an address with several listeners, which share it among themselves and with nobody
   * who does not ask for it: where somebody listens already, with {@code SO_REUSEPORT} or without,
   * this fails. Any thread.
   *
   * <p>Where {@link Platform#balancesListeners()} says so, the kernel gives each new connection to
   * one of them, by a hash of its addresses. Closing one resets the connections that wait there.
   *
   * @param platform the platform
   * @param local where; port 0 lets the system choose one for all
   * @param backlog how many connections may wait to be accepted at each
   * @param count how many listeners, at least 1
   * @return the listeners, each to be closed by the caller
   * @throws IOException if the platform refuses, {@code EADDRINUSE} for instance; nothing stays
   *     open
   * @throws UnsupportedOperationException if there are to be several and this system has no {@code
   *     SO_REUSEPORT}; nothing stays open
   * @throws IllegalArgumentException if {@code count} is below 1
   */
  public static List<TcpListener> bindShards(
      Platform platform, SocketAddress local, int backlog, int count) throws IOException {
    if (count < 1) {
      throw new IllegalArgumentException("the number of shards must be at least 1, not " + count);
    }
    var shards = new ArrayList<TcpListener>();
    boolean listening = false;
    try {
      // The first without the option, or it would join whoever is there. Given it when it listens
      // already, it lets the others join: nobody gets in between.
      TcpListener first = bind(platform, local, backlog, false);
      shards.add(first);
      if (count > 1) {
        first.setOption(SockOpt.SO_REUSEPORT, true);
      }
      while (shards.size() < count) {
        shards.add(bind(platform, first.localAddress(), backlog, true));
      }
      listening = true;
      return List.copyOf(shards);
    } finally {
      if (!listening) {
        shards.forEach(TcpListener::close);
      }
    }
  }

  private static TcpListener bind(
      Platform platform, SocketAddress local, int backlog, boolean shared) throws IOException {
    return openBound(platform, local, family -> bind(platform, family, local, backlog, shared));
  }

  private static TcpListener bind(
      Platform platform, Family family, SocketAddress local, int backlog, boolean shared)
      throws IOException {
    TcpListener listener = open(platform, family);
    boolean listening = false;
    try {
      if (shared) {
        listener.setOption(SockOpt.SO_REUSEPORT, true);
      }
      listener.bindTo(local);
      listener.listen(backlog);
      listening = true;
      return listener;
    } finally {
      if (!listening) {
        listener.close();
      }
    }
  }

  /**
   * Takes over a listening TCP socket that comes from elsewhere, of a parent process for instance:
   * {@link #close()} closes it. It is made non-blocking and not inherited by child processes; its
   * options stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the listener, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static TcpListener own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a listening TCP socket of a platform of the caller's choice. Any thread. See {@link
   * #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the listener, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static TcpListener own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    Family family = foreign.requireInternet(Sockets.Type.STREAM, true);
    foreign.takeOver();
    var listener = new TcpListener(platform, fd, family);
    listener.setMayLinger();
    listener.takenOver = true;
    return listener;
  }

  /**
   * Accepts a connection that waits ({@code accept(2)}). Any thread.
   *
   * <p>Connections that died while they waited are stepped over.
   *
   * @return the connection, to be closed by the caller; null when none waits
   * @throws IOException if the system has no descriptor left ({@code EMFILE}, {@code ENFILE}) or no
   *     memory. The connection still waits, so a level-triggered listener is reported again at
   *     once: drop its interest until descriptors are free
   * @throws java.nio.channels.ClosedChannelException if this is closed
   */
  @SuppressWarnings("exports") // see module-info
  public @Nullable TcpStream accept() throws IOException {
    NativeAddress peer = AddressCache.take();
    try {
      return accept(peer);
    } finally {
      AddressCache.give(peer);
    }
  }

  /**
   * Accepts a connection that waits and tells where it comes from. Any thread. See {@link
   * #accept()}.
   *
   * @param peer receives the peer's address; {@link Platform#addresses()} reads it
   * @return the connection, to be closed by the caller; null when none waits
   * @throws IOException as {@link #accept()}
   */
  @SuppressWarnings("exports") // see module-info
  public @Nullable TcpStream accept(NativeAddress peer) throws IOException {
    int fd = acceptDescriptor(peer);
    if (fd < 0) {
      return null;
    }
    var stream = new TcpStream(platform(), fd, family(), true);
    if (mayLinger()) {
      stream.setMayLinger();
    }
    if (takenOver) {
      stream.sendAtOnce();
    }
    return stream;
  }
}
