package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.CurrentPlatform;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/**
 * A socket that Unix domain connections are accepted from ({@code unix(7)}).
 *
 * <p>Closing it does not remove its file: whoever bound the path deletes it.
 */
public final class UnixListener extends AbstractListener {
  private UnixListener(Platform platform, int fd) {
    super(platform, fd, Family.UNIX);
  }

  /**
   * Opens a listener that is not bound yet, to set options before {@link #bindTo} and {@link
   * #listen}. Any thread.
   *
   * @return the listener, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static UnixListener open() throws IOException {
    return open(CurrentPlatform.get());
  }

  /**
   * Opens a listener that is not bound yet on a platform of the caller's choice. Any thread. See
   * {@link #open()}.
   *
   * @param platform the platform
   * @return the listener, to be closed by the caller
   * @throws IOException if the platform refuses
   */
  public static UnixListener open(Platform platform) throws IOException {
    return new UnixListener(platform, openSocket(platform, Family.UNIX, Sockets.Type.STREAM));
  }

  /**
   * Listens on an address. Any thread.
   *
   * @param local a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @return the listener, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} when the path exists for
   *     instance; nothing stays open
   */
  public static UnixListener bind(SocketAddress local) throws IOException {
    return bind(local, TcpListener.DEFAULT_BACKLOG);
  }

  /**
   * Listens on an address. Any thread.
   *
   * @param local a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @param backlog how many connections may wait to be accepted; the system may lower it
   * @return the listener, to be closed by the caller
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} when the path exists for
   *     instance; nothing stays open
   */
  public static UnixListener bind(SocketAddress local, int backlog) throws IOException {
    return bind(CurrentPlatform.get(), local, backlog);
  }

  /**
   * Listens on an address of a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @param local a {@link UnixAddress} or {@link java.net.UnixDomainSocketAddress}
   * @param backlog how many connections may wait to be accepted
   * @return the listener, to be closed by the caller
   * @throws IOException if the platform refuses; nothing stays open
   */
  public static UnixListener bind(Platform platform, SocketAddress local, int backlog)
      throws IOException {
    UnixListener listener = open(platform);
    boolean listening = false;
    try {
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
   * Takes over a listening Unix domain socket that comes from elsewhere, of a parent process for
   * instance: {@link #close()} closes it. It is made non-blocking and not inherited by child
   * processes; its options stay. Any thread.
   *
   * @param fd open, and nobody else's from now on
   * @return the listener, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK}); it stays
   *     the caller's then
   * @throws IllegalArgumentException if it is a socket of another kind; it stays the caller's then
   */
  public static UnixListener own(int fd) throws IOException {
    return own(CurrentPlatform.get(), fd);
  }

  /**
   * Takes over a listening Unix domain socket of a platform of the caller's choice. Any thread. See
   * {@link #own(int)}.
   *
   * @param platform the platform
   * @param fd open, and nobody else's from now on
   * @return the listener, to be closed by the caller
   * @throws IOException if it is not open ({@code EBADF}) or no socket ({@code ENOTSOCK})
   * @throws IllegalArgumentException if it is a socket of another kind
   */
  public static UnixListener own(Platform platform, int fd) throws IOException {
    var foreign = new ForeignFd(platform, fd);
    foreign.requireUnix(Sockets.Type.STREAM, true);
    foreign.takeOver();
    return new UnixListener(platform, fd);
  }

  /**
   * Accepts a connection that waits ({@code accept(2)}). Any thread.
   *
   * @return the connection, to be closed by the caller; null when none waits
   * @throws IOException if the system has no descriptor left ({@code EMFILE}, {@code ENFILE}) or no
   *     memory; see {@link TcpListener#accept()}
   */
  @SuppressWarnings("exports") // see module-info
  public @Nullable UnixStream accept() throws IOException {
    NativeAddress peer = AddressCache.take();
    try {
      int fd = acceptDescriptor(peer);
      return fd < 0 ? null : new UnixStream(platform(), fd, true);
    } finally {
      AddressCache.give(peer);
    }
  }
}
