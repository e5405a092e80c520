package mill.sim.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;
import mill.sim.fault.FaultKind;
import org.jspecify.annotations.Nullable;

/** The calls of a process, each of which finds its file and asks whether it may succeed. */
final class SimSockets implements Sockets {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final SimPlatform platform;
  private final SpoiledTransfers transfers;
  private final Messages messages;

  SimSockets(SimPlatform platform) {
    this.platform = platform;
    transfers = new SpoiledTransfers(platform);
    messages = new Messages(platform, transfers);
  }

  /** What a call on a socket does. */
  private interface Action {
    int on(SimSocket socket);
  }

  private int call(Call call, int fd, Action action) {
    return platform.done(call, fd, onSocket(call, platform.enter(fd), action));
  }

  private int onSocket(Call call, @Nullable SimFile file, Action action) {
    int failure = platform.failure(call);
    if (failure < 0) {
      return failure;
    }
    if (file instanceof SimSocket socket) {
      return action.on(socket);
    }
    return file == null ? -SimErrnos.EBADF : -SimErrnos.ENOTSOCK;
  }

  // ---- making and naming

  @Override
  public int socket(Family family, Type type) {
    return open(Call.SOCKET, 1, null, () -> add(create(family, type)));
  }

  private SimSocket create(Family family, Type type) {
    Host host = platform.host();
    boolean stream = type == Type.STREAM;
    if (family == Family.UNIX) {
      return stream ? new UnixStreamSocket(host) : new UnixDatagramSocket(host);
    }
    return stream ? new TcpSocket(host, family) : new UdpSocket(host, family);
  }

  @Override
  public int socketPair(Type type, int[] fds) {
    return open(
        Call.SOCKETPAIR,
        2,
        fds,
        () -> {
          SimSocket one = create(Family.UNIX, type);
          SimSocket other = create(Family.UNIX, type);
          if (one instanceof UnixStreamSocket first && other instanceof UnixStreamSocket second) {
            UnixStreamSocket.connect(first, second);
          } else {
            UnixDatagramSocket.connect((UnixDatagramSocket) one, (UnixDatagramSocket) other);
          }
          fds[0] = add(one);
          fds[1] = add(other);
          return 0;
        });
  }

  @Override
  public int pipe(int[] fds) {
    return open(
        Call.PIPE,
        2,
        fds,
        () -> {
          var pipe = new Pipe(platform.host());
          fds[0] = add(pipe.source());
          fds[1] = add(pipe.sink());
          return 0;
        });
  }

  private int open(
      Call call, int count, int @Nullable [] fds, java.util.function.IntSupplier opening) {
    platform.world().requireCurrent();
    int result = platform.failure(call);
    if (result == 0) {
      result = platform.hasRoom(count) ? opening.getAsInt() : -SimErrnos.EMFILE;
    }
    return platform.done(call, fds == null ? -1 : fds[0], result);
  }

  private int add(SimFile file) {
    return platform.files().add(file);
  }

  @Override
  public int bind(int fd, NativeAddress address) {
    return call(Call.BIND, fd, socket -> socket.bind(address));
  }

  @Override
  public int listen(int fd, int backlog) {
    return call(Call.LISTEN, fd, socket -> socket.listen(backlog));
  }

  @Override
  public int accept(int fd, NativeAddress peer) {
    peer.setLength(0);
    SimFile file = platform.handOver(fd);
    return platform.done(
        Call.ACCEPT, fd, onSocket(Call.ACCEPT, file, listener -> accept(listener, peer)));
  }

  private int accept(SimSocket listener, NativeAddress peer) {
    int refusal = listener.acceptRefusal();
    int result = refusal < 0 ? refusal : transfers.spoil(Call.ACCEPT, listener, Ready.IN);
    if (result < 0) {
      return result;
    }
    // In this order: the number is taken before anybody looks whether there is a connection.
    if (!platform.hasRoom(1)) {
      return -SimErrnos.EMFILE;
    }
    if (!listener.hasAccepted()) {
      return -SimErrnos.EAGAIN;
    }
    int error = platform.host().faults().acceptError(platform.host().index());
    if (error != 0) {
      platform.host().faults().happened(FaultKind.ACCEPT_FAILED);
      if (error == SimErrnos.ECONNABORTED) {
        SimSocket lost = listener.accept();
        lost.options.set(SimOption.SO_LINGER, 0);
        lost.release();
      }
      transfers.tellAgain(listener);
      return -error;
    }
    SimSocket accepted = listener.accept();
    accepted.writeClient(peer);
    return add(accepted);
  }

  @Override
  public int connect(int fd, NativeAddress address) {
    SimFile file = platform.handOver(fd);
    return platform.done(
        Call.CONNECT, fd, onSocket(Call.CONNECT, file, socket -> connect(socket, address)));
  }

  private int connect(SimSocket socket, NativeAddress address) {
    int result = socket.connect(address);
    FaultSource faults = platform.host().faults();
    if (result == -SimErrnos.EINPROGRESS
        && faults.interrupted(platform.host().index(), Call.CONNECT)) {
      faults.happened(FaultKind.INTERRUPTED); // it goes on, connect(2)
      return -SimErrnos.EINTR;
    }
    return result;
  }

  @Override
  public int disconnect(int fd) {
    return call(Call.CONNECT, fd, SimSocket::disconnect);
  }

  @Override
  public int localAddress(int fd, NativeAddress into) {
    into.setLength(0);
    return call(Call.GETSOCKNAME, fd, socket -> socket.localAddress(into));
  }

  @Override
  public int remoteAddress(int fd, NativeAddress into) {
    into.setLength(0);
    return call(Call.GETPEERNAME, fd, socket -> socket.remoteAddress(into));
  }

  // ---- transfers

  @Override
  public int receive(int fd, MemorySegment buffer, long offset, long length) {
    return (int) transfers.receive(Call.RECV, fd, buffer, offset, length, null);
  }

  @Override
  public int send(int fd, MemorySegment buffer, long offset, long length) {
    return (int) transfers.send(Call.SEND, fd, buffer, offset, length, null);
  }

  @Override
  public int receiveUrgent(int fd) {
    SimFile file = platform.handOver(fd);
    return platform.done(Call.RECV, fd, onSocket(Call.RECV, file, SimSocket::receiveUrgent));
  }

  @Override
  public int receiveFrom(
      int fd, MemorySegment buffer, long offset, long length, NativeAddress from) {
    return (int) transfers.receive(Call.RECVFROM, fd, buffer, offset, length, from);
  }

  @Override
  public int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to) {
    return (int) transfers.send(Call.SENDTO, fd, buffer, offset, length, to);
  }

  @Override
  public int sendMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    return messages.send(fd, buffer, offset, length, to, control);
  }

  @Override
  public int receiveMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    return messages.receive(fd, buffer, offset, length, from, control);
  }

  @Override
  public int read(int fd, MemorySegment buffer, long offset, long length) {
    return (int) transfers.receive(Call.READ, fd, buffer, offset, length, null);
  }

  @Override
  public int write(int fd, MemorySegment buffer, long offset, long length) {
    return (int) transfers.send(Call.WRITE, fd, buffer, offset, length, null);
  }

  @Override
  public long readv(int fd, MemorySegment[] buffers, int from, int count) {
    return transfers.readv(fd, buffers, null, null, from, count);
  }

  @Override
  public long readv(
      int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count) {
    return transfers.readv(fd, buffers, offsets, lengths, from, count);
  }

  @Override
  public long writev(int fd, MemorySegment[] buffers, int from, int count) {
    return transfers.writev(fd, buffers, null, null, from, count);
  }

  @Override
  public long writev(
      int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count) {
    return transfers.writev(fd, buffers, offsets, lengths, from, count);
  }

  // ---- ends and options

  @Override
  public int shutdown(int fd, boolean read, boolean write) {
    int how = (read ? SimSocket.RECEIVING : 0) | (write ? SimSocket.SENDING : 0);
    return call(Call.SHUTDOWN, fd, socket -> socket.shutdown(how));
  }

  @Override
  public int setOption(int fd, OptionCode code, MemorySegment value) {
    if (SimOption.of(code) == SimOption.SO_LINGER && value.byteSize() >= 2L * Integer.BYTES) {
      return setLinger(fd, value.get(INT, 0) == 0 ? -1 : value.get(INT, Integer.BYTES));
    }
    boolean fits = value.byteSize() >= Integer.BYTES;
    return fits
        ? setIntOption(fd, code, value.get(INT, 0))
        : call(Call.SETSOCKOPT, fd, socket -> -SimErrnos.EINVAL);
  }

  @Override
  public int getOption(int fd, OptionCode code, MemorySegment value) {
    var number = new int[1];
    int result = getIntOption(fd, code, number);
    if (result < 0 || value.byteSize() < Integer.BYTES) {
      return result < 0 ? result : -SimErrnos.EINVAL;
    }
    if (SimOption.of(code) == SimOption.SO_LINGER && value.byteSize() >= 2L * Integer.BYTES) {
      value.set(INT, 0, number[0] < 0 ? 0 : 1);
      value.set(INT, Integer.BYTES, Math.max(number[0], 0));
      return 2 * Integer.BYTES;
    }
    value.set(INT, 0, number[0]);
    return Integer.BYTES;
  }

  @Override
  public int setIntOption(int fd, OptionCode code, int value) {
    SimOption option = SimOption.of(code);
    return call(
        Call.SETSOCKOPT,
        fd,
        socket -> {
          if (option == null || !socket.has(option) || option.isReadOnly()) {
            return -SimErrnos.ENOPROTOOPT;
          }
          if (option.isIpv6() && socket instanceof InetSocket inet && inet.hasPort) {
            return -SimErrnos.EINVAL;
          }
          socket.options.set(option, value);
          socket.optionIsSet(option);
          return 0;
        });
  }

  @Override
  public int getIntOption(int fd, OptionCode code, int[] value) {
    SimOption option = SimOption.of(code);
    return call(
        Call.GETSOCKOPT,
        fd,
        socket -> {
          if (option == null || !socket.has(option)) {
            return -SimErrnos.ENOPROTOOPT;
          }
          value[0] = socket.option(option);
          return 0;
        });
  }

  @Override
  public int setLinger(int fd, int seconds) {
    return call(
        Call.SETSOCKOPT,
        fd,
        socket -> {
          socket.options.set(SimOption.SO_LINGER, Math.max(seconds, -1));
          return 0;
        });
  }

  @Override
  public int getLinger(int fd, int[] seconds) {
    return call(
        Call.GETSOCKOPT,
        fd,
        socket -> {
          seconds[0] = socket.options.get(SimOption.SO_LINGER);
          return 0;
        });
  }

  @Override
  public int setNonBlocking(int fd, boolean on) {
    SimFile file = platform.enter(fd);
    int result = platform.failure(Call.FCNTL);
    if (result == 0 && file != null) {
      result = file.nonBlocking ? 1 : 0;
      file.nonBlocking = on;
    }
    return platform.done(Call.FCNTL, fd, file == null ? -SimErrnos.EBADF : result);
  }

  @Override
  public int setNotInherited(int fd) {
    SimFile file = platform.enter(fd);
    int result = file == null ? -SimErrnos.EBADF : platform.failure(Call.FCNTL);
    return platform.done(Call.FCNTL, fd, result);
  }

  @Override
  public int close(int fd) {
    platform.world().requireCurrent();
    if (platform.isDead()) {
      return 0; // the kernel has done so
    }
    SimFile file = platform.files().remove(fd);
    if (file == null) {
      return platform.done(Call.CLOSE, fd, -SimErrnos.EBADF);
    }
    file.drop();
    return platform.done(Call.CLOSE, fd, platform.failure(Call.CLOSE));
  }
}
