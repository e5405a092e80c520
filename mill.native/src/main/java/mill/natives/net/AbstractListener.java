package mill.natives.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.Set;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Errnos;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets.Family;

/** What TCP and Unix listeners share. */
abstract class AbstractListener extends AbstractSocket {
  /** How many dead connections one accept steps over before it returns to its caller. */
  static final int MAX_DEAD_CONNECTIONS = 64;

  // Of the listener itself, or of a system that has no more to give. Whatever else accept(2)
  // reports
  // is the error of a connection that died in the queue, or that somebody forbade: the next may be
  // well. That list is open, systems and firewalls add to it; this one is not.
  private static final Set<String> NOT_OF_A_CONNECTION =
      Set.of(
          "EBADF",
          "ENOTSOCK",
          "EINVAL",
          "EFAULT",
          "ENOSYS",
          "EMFILE",
          "ENFILE",
          "ENOBUFS",
          "ENOMEM");

  AbstractListener(Platform platform, int fd, Family family) {
    super(platform, fd, family);
  }

  /**
   * Binds a listener that {@code open} made. Any thread.
   *
   * @param local where to listen; port 0 lets the system choose, {@link #localAddress()} tells what
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance
   */
  public final void bindTo(SocketAddress local) throws IOException {
    bindSocket(local);
  }

  /**
   * Begins to listen on a bound socket. Any thread.
   *
   * @param backlog how many connections may wait to be accepted; the system may lower it
   * @throws IOException if the kernel refuses
   * @throws IllegalArgumentException if {@code backlog} is below 1
   */
  public final void listen(int backlog) throws IOException {
    if (backlog < 1) {
      throw new IllegalArgumentException("backlog must be at least 1, not " + backlog);
    }
    int fd = acquire();
    try {
      require("listen", sockets().listen(fd, backlog));
    } finally {
      release();
    }
  }

  /** Accepts; the descriptor, or {@code WOULD_BLOCK}. */
  final int acceptDescriptor(NativeAddress peer) throws IOException {
    Errnos errnos = platform().errnos();
    int fd = acquire();
    try {
      for (int i = 0; i < MAX_DEAD_CONNECTIONS; i++) {
        int accepted = sockets().accept(fd, peer);
        if (accepted >= 0) {
          return accepted;
        }
        if (errnos.isWouldBlock(accepted)) {
          return IoStatus.WOULD_BLOCK;
        }
        if (NOT_OF_A_CONNECTION.contains(errnos.name(-accepted))) {
          throw errnos.exception("accept", accepted);
        }
      }
      return IoStatus.WOULD_BLOCK;
    } finally {
      release();
    }
  }

  @Override
  public final boolean acceptsConnections() {
    return true;
  }

  @Override
  public final DescriptorKind kind() {
    return DescriptorKind.STREAM;
  }
}
