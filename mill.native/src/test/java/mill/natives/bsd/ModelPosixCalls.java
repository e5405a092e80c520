package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.OptionCode;
import mill.natives.posix.PosixCalls;

/** A model of the calls that make, name and set up sockets, and of those on any descriptor. */
final class ModelPosixCalls implements PosixCalls {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final int AF_INET6 = BsdTable.MAC_OS.afInet6();
  private static final Set<OptionCode> KNOWN =
      Stream.concat(
              BsdOptions.MAC_OS.values().stream(),
              Stream.of(new OptionCode(MacOs.SOL_SOCKET(), BsdTable.MAC_OS.noSigPipe())))
          .collect(Collectors.toSet());

  private final ModelKernel kernel;

  ModelPosixCalls(ModelKernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public int socket(int domain, int type, int protocol) {
    return kernel.open(new ModelSocket(domain, type == MacOs.SOCK_STREAM()));
  }

  @Override
  public int socketpair(int domain, int type, int protocol, MemorySegment fds) {
    synchronized (kernel) {
      var one = new ModelSocket(domain, type == MacOs.SOCK_STREAM());
      var two = new ModelSocket(domain, type == MacOs.SOCK_STREAM());
      join(one, two);
      fds.setAtIndex(INT, 0, kernel.open(one));
      fds.setAtIndex(INT, 1, kernel.open(two));
      return 0;
    }
  }

  @Override
  public int pipe(MemorySegment fds) {
    synchronized (kernel) {
      var bytes = new ByteQueue(64 * 1024);
      var source = new ModelPipe(true, bytes);
      var sink = new ModelPipe(false, bytes);
      source.other = sink;
      sink.other = source;
      fds.setAtIndex(INT, 0, kernel.open(source));
      fds.setAtIndex(INT, 1, kernel.open(sink));
      return 0;
    }
  }

  @Override
  public int bind(int fd, MemorySegment address, int length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      byte[] bytes = bytes(address, length);
      if (socket.family != MacOs.AF_UNIX() && !isLocal(socket, bytes)) {
        return -MacOs.EADDRNOTAVAIL();
      }
      return bindTo(socket, bytes);
    }
  }

  private int bindTo(ModelSocket socket, byte[] address) {
    if (socket.family != MacOs.AF_UNIX() && address[2] == 0 && address[3] == 0) {
      int port = kernel.nextPort();
      address[2] = (byte) (port >> 8);
      address[3] = (byte) port;
    }
    String name = name(socket.family, socket.stream, address);
    if (kernel.bound.containsKey(name)) {
      return -MacOs.EADDRINUSE();
    }
    kernel.bound.put(name, socket);
    socket.name = name;
    socket.local = address;
    return 0;
  }

  /** Gives a socket that was not bound a port of the model's choice. */
  void bindBySystem(ModelSocket socket) {
    if (socket.local.length == 0 && socket.family != MacOs.AF_UNIX()) {
      byte[] address = new byte[socket.family == AF_INET6 ? 28 : 16];
      address[0] = (byte) address.length;
      address[1] = (byte) socket.family;
      if (socket.family == AF_INET6) {
        address[23] = 1;
      } else {
        address[4] = 127;
        address[7] = 1;
      }
      bindTo(socket, address);
    }
  }

  static String name(int family, boolean stream, byte[] address) {
    int to = family == MacOs.AF_UNIX() ? address.length : family == AF_INET6 ? 24 : 8;
    String kind = family == MacOs.AF_UNIX() ? "" : stream ? "tcp" : "udp";
    return kind + family + Arrays.toString(Arrays.copyOfRange(address, 2, to));
  }

  private static boolean isLocal(ModelSocket socket, byte[] address) {
    boolean unspecified = true;
    int from = socket.family == AF_INET6 ? 8 : 4;
    int to = socket.family == AF_INET6 ? 24 : 8;
    for (int i = from; i < to; i++) {
      unspecified &= address[i] == 0;
    }
    return unspecified || (socket.family == AF_INET6 ? address[23] == 1 : address[4] == 127);
  }

  @Override
  public int listen(int fd, int backlog) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      socket.listening = true;
      return 0;
    }
  }

  @Override
  public int accept(int fd, MemorySegment address, MemorySegment length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      ModelSocket accepted = socket.waiting.poll();
      if (accepted == null) {
        return -MacOs.EAGAIN();
      }
      accepted.nonBlocking = socket.nonBlocking; // inherited; close-on-exec is not
      answer(accepted.remote, address, length);
      return kernel.open(accepted);
    }
  }

  @Override
  public int connect(int fd, MemorySegment address, int length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      byte[] to = bytes(address, length);
      if (to[1] == MacOs.AF_UNSPEC() && !socket.stream) {
        socket.connected = false;
        return -MacOs.EAFNOSUPPORT(); // done, and reported all the same
      }
      ModelSocket listener = kernel.bound.get(name(socket.family, socket.stream, to));
      if (socket.connected && socket.stream) {
        return -MacOs.EISCONN();
      }
      bindBySystem(socket);
      if (!socket.stream) {
        socket.remote = to;
        socket.connected = true;
        return 0;
      }
      return socket.family == MacOs.AF_UNIX()
          ? connectUnix(socket, listener, to)
          : connectTcp(socket, listener, to);
    }
  }

  private int connectUnix(ModelSocket socket, ModelSocket listener, byte[] to) {
    if (listener == null) {
      return -MacOs.ENOENT();
    }
    if (!listener.listening) {
      return -MacOs.ECONNREFUSED();
    }
    queue(socket, listener, to);
    return 0;
  }

  private int connectTcp(ModelSocket socket, ModelSocket listener, byte[] to) {
    if (listener == null || !listener.listening) {
      socket.broken(kernel, MacOs.ECONNREFUSED());
    } else {
      queue(socket, listener, to);
      kernel.writeChanged(socket);
    }
    return -MacOs.EINPROGRESS();
  }

  private void queue(ModelSocket socket, ModelSocket listener, byte[] to) {
    var server = new ModelSocket(socket.family, true);
    join(socket, server);
    socket.remote = to;
    server.local = listener.local;
    server.remote = socket.local.length == 0 ? new byte[] {16, 1, 0, 0} : socket.local;
    listener.waiting.add(server);
    kernel.readChanged(listener);
  }

  private static void join(ModelSocket one, ModelSocket two) {
    one.peer = two;
    two.peer = one;
    one.connected = true;
    two.connected = true;
  }

  @Override
  public int getsockname(int fd, MemorySegment address, MemorySegment length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      byte[] none = {16, (byte) socket.family, 0, 0};
      answer(socket.local.length == 0 ? none : socket.local, address, length);
      return 0;
    }
  }

  @Override
  public int getpeername(int fd, MemorySegment address, MemorySegment length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (socket.cantReceive && socket.cantSend) {
        return -MacOs.EINVAL(); // XNU's answer for a socket that was reset
      }
      if (!socket.connected) {
        return -MacOs.ENOTCONN();
      }
      answer(socket.remote, address, length);
      return 0;
    }
  }

  @Override
  public int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (socket.cantReceive && socket.cantSend) {
        return -MacOs.EINVAL();
      }
      if (!KNOWN.contains(new OptionCode(level, option))) {
        return -MacOs.ENOPROTOOPT();
      }
      socket.options.put(ModelSocket.key(level, option), bytes(value, length));
      return 0;
    }
  }

  @Override
  public int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (!KNOWN.contains(new OptionCode(level, option))) {
        return -MacOs.ENOPROTOOPT();
      }
      int size = option == MacOs.SO_LINGER_SEC() ? 8 : Integer.BYTES;
      byte[] answer = socket.options.getOrDefault(ModelSocket.key(level, option), new byte[size]);
      if (level == MacOs.SOL_SOCKET() && option == MacOs.SO_ERROR()) {
        int error = socket.takeError();
        answer = new byte[] {(byte) error, (byte) (error >> 8), 0, 0};
      }
      if (level == MacOs.SOL_SOCKET() && option == MacOs.SO_TYPE()) {
        int type = socket.stream ? MacOs.SOCK_STREAM() : MacOs.SOCK_DGRAM();
        answer = new byte[] {(byte) type, 0, 0, 0};
      } else if (level == MacOs.SOL_SOCKET() && option == MacOs.SO_ACCEPTCONN()) {
        answer = new byte[] {(byte) (socket.listening ? 1 : 0), 0, 0, 0};
      }
      answer(answer, value, length);
      return 0;
    }
  }

  @Override
  public int shutdown(int fd, int how) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (!socket.connected) {
        return -MacOs.ENOTCONN();
      }
      if (how != MacOs.SHUT_WR()) {
        socket.cantReceive = true;
        kernel.readChanged(socket);
      }
      if (how != MacOs.SHUT_RD()) {
        socket.cantSend = true;
        kernel.writeChanged(socket);
        ModelSocket peer = socket.peer;
        if (peer != null) {
          peer.cantReceive = true;
          kernel.readChanged(peer);
        }
      }
      return 0;
    }
  }

  @Override
  public int fcntl(int fd, int command, int argument) {
    synchronized (kernel) {
      ModelFile file = kernel.file(fd);
      if (file == null) {
        return -MacOs.EBADF();
      }
      if (command == MacOs.F_GETFL()) {
        return file.nonBlocking ? MacOs.O_NONBLOCK() : 0;
      }
      if (command == MacOs.F_SETFL()) {
        file.nonBlocking = (argument & MacOs.O_NONBLOCK()) != 0;
      } else if (command == MacOs.F_SETFD()) {
        file.closeOnExec = (argument & MacOs.FD_CLOEXEC()) != 0;
      } else {
        return -MacOs.EINVAL();
      }
      return 0;
    }
  }

  @Override
  public int close(int fd) {
    return kernel.close(fd);
  }

  static byte[] bytes(MemorySegment segment, long length) {
    return segment.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }

  static void answer(byte[] bytes, MemorySegment into, MemorySegment length) {
    int room = length.get(INT, 0);
    int count = Math.min(room, bytes.length);
    MemorySegment.copy(bytes, 0, into, ValueLayout.JAVA_BYTE, 0, count);
    length.set(INT, 0, bytes.length);
  }
}
