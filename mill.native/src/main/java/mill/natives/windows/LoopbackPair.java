package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.locks.LockSupport;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;

/**
 * Two connected sockets of one process, over the loopback address: Windows has no {@code
 * socketpair}.
 *
 * <p>Any program of the machine could connect to the port while it listens, so what is accepted is
 * taken only if it comes from our own other end.
 */
final class LoopbackPair {
  /** How many strangers a pair steps over. */
  static final int MAX_STRANGERS = 16;

  private static final int WAIT_ROUNDS = 1_000;
  private static final long PAUSE_NS = 100_000;
  private static final InetSocketAddress LOOPBACK =
      new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);

  private LoopbackPair() {}

  /** Two ends of a TCP connection; 0 or the negated error. */
  static int stream(WindowsSockets sockets, int[] fds) {
    int listener = sockets.socket(Family.INET, Sockets.Type.STREAM);
    if (listener < 0) {
      return listener;
    }
    int near = sockets.socket(Family.INET, Sockets.Type.STREAM);
    int far = near < 0 ? near : connect(sockets, listener, near);
    sockets.close(listener);
    if (far < 0) {
      return abandon(sockets, near, far);
    }
    OptionCode noDelay = new OptionCode(Windows.IPPROTO_TCP(), Windows.TCP_NODELAY());
    sockets.setIntOption(near, noDelay, 1);
    sockets.setIntOption(far, noDelay, 1);
    fds[0] = near;
    fds[1] = far;
    return 0;
  }

  /** Two UDP sockets that are each other's peer; 0 or the negated error. */
  static int datagram(WindowsSockets sockets, int[] fds) {
    int near = sockets.socket(Family.INET, Sockets.Type.DATAGRAM);
    int far = near < 0 ? near : sockets.socket(Family.INET, Sockets.Type.DATAGRAM);
    if (far < 0) {
      return abandon(sockets, near, far);
    }
    NativeAddress address = loopback();
    int result = bindTo(sockets, near, loopback());
    result = result < 0 ? result : bindTo(sockets, far, loopback());
    result = result < 0 ? result : sockets.localAddress(near, address);
    result = result < 0 ? result : sockets.connect(far, address);
    result = result < 0 ? result : sockets.localAddress(far, address);
    result = result < 0 ? result : sockets.connect(near, address);
    if (result < 0) {
      sockets.close(far);
      return abandon(sockets, near, result);
    }
    fds[0] = near;
    fds[1] = far;
    return 0;
  }

  private static int connect(WindowsSockets sockets, int listener, int near) {
    NativeAddress address = loopback();
    int result = bindTo(sockets, listener, address);
    result = result < 0 ? result : sockets.listen(listener, MAX_STRANGERS);
    result = result < 0 ? result : sockets.localAddress(listener, address);
    result = result < 0 ? result : sockets.connect(near, address);
    if (result < 0 && result != -Windows.WSAEINPROGRESS()) {
      return result;
    }
    NativeAddress own = new NativeAddress();
    NativeAddress peer = new NativeAddress();
    int strangers = 0;
    // The loopback connects at once, but tells the two ends in its own time.
    for (int round = 0; round < WAIT_ROUNDS && strangers < MAX_STRANGERS; round++) {
      int accepted = sockets.accept(listener, peer);
      if (accepted == -Windows.WSAEWOULDBLOCK()) {
        pause();
      } else if (accepted < 0) {
        return accepted;
      } else if (sockets.localAddress(near, own) >= 0 && isSame(own, peer)) {
        return awaitConnected(sockets, near, accepted);
      } else {
        sockets.close(accepted);
        strangers++;
      }
    }
    return -Windows.WSAETIMEDOUT();
  }

  private static int awaitConnected(WindowsSockets sockets, int near, int far) {
    NativeAddress peer = new NativeAddress();
    for (int round = 0; round < WAIT_ROUNDS; round++) {
      if (sockets.remoteAddress(near, peer) >= 0) {
        return far;
      }
      pause();
    }
    sockets.close(far);
    return -Windows.WSAETIMEDOUT();
  }

  private static int bindTo(WindowsSockets sockets, int fd, NativeAddress address) {
    OptionCode exclusive = new OptionCode(Windows.SOL_SOCKET(), Windows.SO_EXCLUSIVEADDRUSE());
    int result = sockets.setIntOption(fd, exclusive, 1);
    return result < 0 ? result : sockets.bind(fd, address);
  }

  private static NativeAddress loopback() {
    NativeAddress address = new NativeAddress();
    new WindowsAddresses().encode(LOOPBACK, Family.INET, address);
    return address;
  }

  private static boolean isSame(NativeAddress a, NativeAddress b) {
    return a.length() == b.length()
        && MemorySegment.mismatch(a.segment(), 0, a.length(), b.segment(), 0, b.length()) < 0;
  }

  private static int abandon(WindowsSockets sockets, int near, int error) {
    if (near >= 0) {
      sockets.close(near);
    }
    return error;
  }

  private static void pause() {
    LockSupport.parkNanos(PAUSE_NS);
  }
}
