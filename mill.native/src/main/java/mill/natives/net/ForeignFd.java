package mill.natives.net;

import java.io.IOException;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors that come from elsewhere: of a parent process, of another library. Any thread.
 *
 * <p>Asks before it changes anything, and gives back what it has changed if the rest fails.
 */
final class ForeignFd {
  // The numbers of socket types, which all systems have from BSD.
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_RDM = 4;

  private final Platform platform;
  private final int fd;

  ForeignFd(Platform platform, int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("not a descriptor: " + fd);
    }
    this.platform = platform;
    this.fd = fd;
  }

  /** Checks that this is an IP socket of a type and, for a stream, that it listens or does not. */
  Family requireInternet(Sockets.Type type, boolean listens) throws IOException {
    Family family = requireSocket(type, listens);
    if (family == Family.UNIX) {
      throw refusal(type, listens, "a Unix domain socket");
    }
    return family;
  }

  /** Checks that this is a Unix domain socket of a type and whether it listens. */
  void requireUnix(Sockets.Type type, boolean listens) throws IOException {
    Family family = requireSocket(type, listens);
    if (family != Family.UNIX) {
      throw refusal(type, listens, "a socket of family " + family);
    }
  }

  /** Makes it what mill's own are: non-blocking, and not inherited by child processes. */
  void takeOver() throws IOException {
    int before = setNonBlocking();
    int result = platform.sockets().setNotInherited(fd);
    if (result < 0) {
      if (before == 0) {
        platform.sockets().setNonBlocking(fd, false);
      }
      throw platform.errnos().exception("fcntl(" + fd + ")", result);
    }
  }

  /** Makes it non-blocking; 0 if it was not, 1 if it was or nobody knows. */
  int setNonBlocking() throws IOException {
    return require("fcntl(" + fd + ")", platform.sockets().setNonBlocking(fd, true));
  }

  /** What it is. Reads of a datagram socket bring messages, of which an empty one is no end. */
  DescriptorKind kind() {
    OptionCode code = platform.option("SO_TYPE");
    int[] type = new int[1];
    if (code == null || platform.sockets().getIntOption(fd, code, type) < 0) {
      return DescriptorKind.OTHER; // not a socket
    }
    boolean messages = type[0] == SOCK_DGRAM || type[0] == SOCK_RAW || type[0] == SOCK_RDM;
    return messages ? DescriptorKind.DATAGRAM : DescriptorKind.STREAM;
  }

  private Family requireSocket(Sockets.Type type, boolean listens) throws IOException {
    int number = option("SO_TYPE");
    if (number != (type == Sockets.Type.STREAM ? SOCK_STREAM : SOCK_DGRAM)) {
      throw refusal(type, listens, "a socket of type " + number);
    }
    if (type == Sockets.Type.STREAM && (option("SO_ACCEPTCONN") != 0) != listens) {
      throw refusal(type, listens, listens ? "one that does not listen" : "one that listens");
    }
    Family family = family();
    if (family == null) {
      throw refusal(type, listens, "a socket of a family that mill does not know");
    }
    return family;
  }

  private @Nullable Family family() throws IOException {
    NativeAddress address = AddressCache.take();
    try {
      require("getsockname(" + fd + ")", platform.sockets().localAddress(fd, address));
      return platform.addresses().family(address);
    } finally {
      AddressCache.give(address);
    }
  }

  private int option(String name) throws IOException {
    OptionCode code = platform.option(name);
    if (code == null) {
      throw new UnsupportedOperationException(
          "there is no socket option " + name + " on " + platform.name());
    }
    int[] value = new int[1];
    require(
        "getsockopt(" + fd + ", " + name + ")", platform.sockets().getIntOption(fd, code, value));
    return value[0];
  }

  private int require(String call, int result) throws IOException {
    if (result < 0) {
      throw platform.errnos().exception(call, result);
    }
    return result;
  }

  private IllegalArgumentException refusal(Sockets.Type type, boolean listens, String found) {
    String wanted =
        type == Sockets.Type.DATAGRAM ? "datagram socket" : listens ? "listener" : "stream";
    return new IllegalArgumentException(
        "descriptor " + fd + " is not the " + wanted + " that it is taken for, but " + found);
  }
}
