package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import mill.natives.ErrnoException;
import mill.natives.Pollable;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** What every socket has: a family, options and an own address. */
abstract class AbstractSocket extends Pollable {
  private static final boolean IPV4_ONLY = Boolean.getBoolean("java.net.preferIPv4Stack");

  // What a system says that has no IPv6, or where it is switched off.
  private static final Set<String> NO_IPV6 =
      Set.of("EAFNOSUPPORT", "EADDRNOTAVAIL", "EPROTONOSUPPORT", "EPFNOSUPPORT");

  private final Family family;

  // Whether SO_LINGER may be positive: accepted sockets have it from their listener.
  private volatile boolean mayLinger;

  AbstractSocket(Platform platform, int fd, Family family) {
    super(platform, fd);
    this.family = family;
  }

  final Family family() {
    return family;
  }

  final boolean mayLinger() {
    return mayLinger;
  }

  /** Says that {@code SO_LINGER} may be positive though this was not asked to set it. */
  final void setMayLinger() {
    mayLinger = true;
  }

  // Linux waits in close(2) for unsent data whatever O_NONBLOCK says, and Windows refuses to close
  // (netty#3268). Without the option the system sends the rest by itself; 0, a reset, stays.
  @Override
  protected int closeDescriptor(int fd) {
    if (mayLinger) {
      endLingering(fd);
    }
    return super.closeDescriptor(fd);
  }

  private void endLingering(int fd) {
    int[] seconds = new int[1];
    if (sockets().getLinger(fd, seconds) >= 0 && seconds[0] > 0) {
      sockets().setLinger(fd, -1);
    }
  }

  /**
   * Sets an option. Any thread.
   *
   * @param <T> the type of its value
   * @param option the option
   * @param value its value
   * @throws IOException if the kernel refuses
   * @throws UnsupportedOperationException if this system has no such option
   */
  public final <T> void setOption(SockOpt<T> option, T value) throws IOException {
    OptionCode code = code(option);
    int fd = acquire();
    try {
      int result;
      if (option == SockOpt.SO_LINGER) {
        if ((Integer) value > 0) {
          mayLinger = true;
        }
        result = sockets().setLinger(fd, (Integer) value);
      } else if (value instanceof Boolean flag) {
        result = sockets().setIntOption(fd, code, flag ? 1 : 0);
      } else {
        result = sockets().setIntOption(fd, code, (Integer) value);
      }
      require("setsockopt(" + option + ")", result);
    } finally {
      release();
    }
  }

  /**
   * {@return an option's value} Any thread.
   *
   * @param <T> the type of its value
   * @param option the option
   * @throws IOException if the kernel refuses
   * @throws UnsupportedOperationException if this system has no such option
   */
  public final <T> T getOption(SockOpt<T> option) throws IOException {
    OptionCode code = code(option);
    int[] value = new int[1];
    int fd = acquire();
    try {
      int result =
          option == SockOpt.SO_LINGER
              ? sockets().getLinger(fd, value)
              : sockets().getIntOption(fd, code, value);
      require("getsockopt(" + option + ")", result);
    } finally {
      release();
    }
    return option.type() == Boolean.class
        ? option.type().cast(value[0] != 0)
        : option.type().cast(value[0]);
  }

  /**
   * Sets an option by its numbers, for those that mill does not name. Any thread.
   *
   * @param level the C constant's value, {@code SOL_SOCKET} or a protocol
   * @param number the C constant's value
   * @param value the bytes of its value, off-heap and exactly as long as the option wants them
   * @throws IOException if the kernel refuses
   */
  public final void setOption(int level, int number, MemorySegment value) throws IOException {
    Transfers.check(value, 0, value.byteSize());
    var code = new OptionCode(level, number);
    int fd = acquire();
    try {
      if (code.equals(platform().option(SockOpt.SO_LINGER.name()))) {
        mayLinger = true;
      }
      int result = sockets().setOption(fd, code, value);
      require("setsockopt(" + level + ", " + number + ")", result);
    } finally {
      release();
    }
  }

  /**
   * Reads an option by its numbers, for those that mill does not name. Any thread.
   *
   * @param level the C constant's value, {@code SOL_SOCKET} or a protocol
   * @param number the C constant's value
   * @param value receives the bytes of its value, off-heap
   * @return how many bytes the kernel wrote
   * @throws IOException if the kernel refuses
   */
  public final int getOption(int level, int number, MemorySegment value) throws IOException {
    Transfers.checkWritable(value, 0, value.byteSize());
    int fd = acquire();
    try {
      int result = sockets().getOption(fd, new OptionCode(level, number), value);
      return require("getsockopt(" + level + ", " + number + ")", result);
    } finally {
      release();
    }
  }

  /**
   * {@return this socket's own address, as the kernel has it} After binding to port 0 it tells the
   * port that was chosen. Any thread.
   *
   * @throws IOException if the kernel refuses
   */
  public final SocketAddress localAddress() throws IOException {
    NativeAddress address = AddressCache.take();
    try {
      int fd = acquire();
      try {
        require("getsockname", sockets().localAddress(fd, address));
      } finally {
        release();
      }
      return required(platform().addresses().decode(address));
    } finally {
      AddressCache.give(address);
    }
  }

  final void bindSocket(SocketAddress address) throws IOException {
    NativeAddress encoded = AddressCache.take();
    try {
      encode(address, encoded);
      int fd = acquire();
      try {
        require("bind(" + address + ")", sockets().bind(fd, encoded));
      } finally {
        release();
      }
    } finally {
      AddressCache.give(encoded);
    }
  }

  final @Nullable SocketAddress peerAddress() throws IOException {
    NativeAddress address = AddressCache.take();
    try {
      int result;
      int fd = acquire();
      try {
        result = sockets().remoteAddress(fd, address);
      } finally {
        release();
      }
      if (platform().errnos().isNotConnected(result)) {
        return null;
      }
      require("getpeername", result);
      return platform().addresses().decode(address);
    } finally {
      AddressCache.give(address);
    }
  }

  /** Connects; 0 or {@code -errno}. */
  final int connectSocket(SocketAddress remote) throws IOException {
    NativeAddress encoded = AddressCache.take();
    try {
      encode(remote, encoded);
      int fd = acquire();
      try {
        return sockets().connect(fd, encoded);
      } finally {
        release();
      }
    } finally {
      AddressCache.give(encoded);
    }
  }

  final void encode(SocketAddress address, NativeAddress into) {
    platform().addresses().encode(address, family, into);
  }

  final Sockets sockets() {
    return platform().sockets();
  }

  final int require(String call, int result) throws IOException {
    if (result < 0) {
      throw platform().errnos().exception(call, result);
    }
    return result;
  }

  static int openSocket(Platform platform, Family family, Sockets.Type type) throws IOException {
    int fd = platform.sockets().socket(family, type);
    if (fd < 0) {
      throw platform.errnos().exception("socket(" + family + ", " + type + ")", fd);
    }
    OptionCode v6Only = platform.option(SockOpt.IPV6_V6ONLY.name());
    if (family == Family.INET6 && v6Only != null) {
      // Some systems have it on, others let their administrators choose. One that insists on it
      // refuses, and is to be left alone.
      platform.sockets().setIntOption(fd, v6Only, 0);
    }
    return fd;
  }

  /** Makes something of a family. */
  interface Opening<T> {
    T open(Family family) throws IOException;
  }

  /**
   * Binds to an address with a socket of its family. The wildcard is that of both families, as it
   * is for java.nio, where there is IPv6 and nobody has said {@code java.net.preferIPv4Stack}.
   */
  static <T> T openBound(Platform platform, SocketAddress local, Opening<T> opening)
      throws IOException {
    Family family = internetFamily(local);
    InetAddress ip = ((InetSocketAddress) local).getAddress();
    if (family == Family.INET && ip != null && ip.isAnyLocalAddress() && !IPV4_ONLY) {
      try {
        return opening.open(Family.INET6);
      } catch (ErrnoException e) {
        if (!NO_IPV6.contains(e.errnoName())) {
          throw e;
        }
      }
    }
    return opening.open(family);
  }

  /** The family of the socket that can use an address. */
  static Family internetFamily(SocketAddress address) {
    if (address instanceof InetSocketAddress inet) {
      return inet.getAddress() instanceof Inet6Address ? Family.INET6 : Family.INET;
    }
    throw new IllegalArgumentException("not an IP address with a port: " + address);
  }

  private OptionCode code(SockOpt<?> option) {
    OptionCode code = platform().option(option.name());
    if (code == null) {
      throw new UnsupportedOperationException(
          "there is no socket option " + option + " on " + platform().name());
    }
    return code;
  }

  private static SocketAddress required(@Nullable SocketAddress address) {
    if (address == null) {
      throw new IllegalStateException("the kernel reported an empty address");
    }
    return address;
  }
}
