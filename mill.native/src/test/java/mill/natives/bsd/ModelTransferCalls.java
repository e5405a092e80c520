package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.iovec;
import mill.natives.gen.macos.msghdr;

/** A model of the calls that move bytes. */
final class ModelTransferCalls implements TransferCalls {
  private static final int MAX_DATAGRAM_BYTES = 9216;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final int HEADER_BYTES = 12;

  private final ModelKernel kernel;
  private final List<ModelFile> passing = new ArrayList<>(); // by the message that is being sent
  private final ModelPosixCalls sockets;

  ModelTransferCalls(ModelKernel kernel, ModelPosixCalls sockets) {
    this.kernel = kernel;
    this.sockets = sockets;
  }

  @Override
  public long recv(int fd, MemorySegment buffer, long length, int flags) {
    return recvfrom(fd, buffer, length, flags, MemorySegment.NULL, MemorySegment.NULL);
  }

  @Override
  public long recvfrom(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      MemorySegment addressLength) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (!socket.stream && !socket.datagrams.isEmpty()) {
        ModelSocket.Datagram datagram = socket.datagrams.remove();
        int count = (int) Math.min(length, datagram.bytes().length);
        MemorySegment.copy(datagram.bytes(), 0, buffer, ValueLayout.JAVA_BYTE, 0, count);
        if (address.address() != 0) {
          ModelPosixCalls.answer(datagram.from(), address, addressLength);
        }
        return count;
      }
      return receive(socket, buffer, length);
    }
  }

  private long receive(ModelSocket socket, MemorySegment buffer, long length) {
    if (socket.received.size() > 0) {
      int taken = socket.received.take(buffer, length);
      if (socket.peer != null) {
        kernel.writeChanged(socket.peer);
      }
      return taken;
    }
    if (socket.error != 0) {
      return -socket.takeError();
    }
    if (socket.cantReceive) {
      return 0;
    }
    if (socket.stream && !socket.connected) {
      return -MacOs.ENOTCONN();
    }
    return wouldBlock(socket);
  }

  @Override
  public long send(int fd, MemorySegment buffer, long length, int flags) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      if (socket.cantSend) {
        requireNoSignal(socket);
        return -MacOs.EPIPE();
      }
      if (socket.error != 0) {
        return -socket.takeError();
      }
      if (!socket.stream) {
        return socket.connected
            ? deliver(socket, buffer, length, socket.remote)
            : -MacOs.EDESTADDRREQ();
      }
      ModelSocket peer = socket.peer;
      if (!socket.connected || peer == null) {
        return -MacOs.ENOTCONN();
      }
      if (peer.peer == null && !kernel.files.containsValue(peer)) {
        // The peer is closed: what is sent to it comes back as a reset.
        socket.broken(kernel, MacOs.ECONNRESET());
        return length;
      }
      int put = peer.received.put(buffer, length);
      if (put == 0) {
        return wouldBlock(socket);
      }
      kernel.readChanged(peer);
      return put;
    }
  }

  @Override
  public long sendto(
      int fd,
      MemorySegment buffer,
      long length,
      int flags,
      MemorySegment address,
      int addressLength) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      return deliver(socket, buffer, length, ModelPosixCalls.bytes(address, addressLength));
    }
  }

  private long deliver(ModelSocket socket, MemorySegment buffer, long length, byte[] to) {
    if (length > MAX_DATAGRAM_BYTES) {
      return -MacOs.EMSGSIZE();
    }
    sockets.bindBySystem(socket);
    ModelSocket receiver = kernel.bound.get(ModelPosixCalls.name(socket.family, false, to));
    if (receiver == null) {
      if (socket.family == MacOs.AF_UNIX()) {
        return -MacOs.ENOENT();
      }
      if (socket.connected) {
        socket.error = MacOs.ECONNREFUSED();
        kernel.readChanged(socket);
      }
      return length;
    }
    boolean fromStranger =
        receiver.connected && !java.util.Arrays.equals(receiver.remote, socket.local);
    if (!fromStranger) {
      byte[] from = socket.local.length == 0 ? new byte[] {16, 1, 0, 0} : socket.local;
      receiver.datagrams.add(
          new ModelSocket.Datagram(
              ModelPosixCalls.bytes(buffer, length), from, List.copyOf(passing)));
      kernel.readChanged(receiver);
    }
    return length;
  }

  @Override
  public long sendmsg(int fd, MemorySegment message, int flags) {
    synchronized (kernel) {
      MemorySegment vectors = msghdr.msg_iov(message).reinterpret(64 * iovec.sizeof());
      int error = readPassed(message);
      if (error < 0) {
        return error;
      }
      long sent =
          isStream(fd) ? sendAll(fd, message, vectors, flags) : sendOne(fd, message, vectors);
      if (sent >= 0) {
        passing.forEach(file -> file.inFlight++);
        if (kernel.file(fd) instanceof ModelSocket socket && socket.stream && socket.peer != null) {
          socket.peer.passed.addAll(passing);
        }
      }
      passing.clear();
      return sent;
    }
  }

  private boolean isStream(int fd) {
    return kernel.file(fd) instanceof ModelSocket socket && socket.stream;
  }

  private long sendAll(int fd, MemorySegment message, MemorySegment vectors, int flags) {
    int count = msghdr.msg_iovlen(message);
    return each(vectors, count, (part, size) -> send(fd, part, size, flags));
  }

  private long sendOne(int fd, MemorySegment message, MemorySegment vectors) {
    MemorySegment vector = iovec.asSlice(vectors, 0);
    long length = iovec.iov_len(vector);
    MemorySegment buffer = iovec.iov_base(vector).reinterpret(length);
    int nameLength = msghdr.msg_namelen(message);
    if (nameLength == 0) {
      return send(fd, buffer, length, 0);
    }
    MemorySegment name = msghdr.msg_name(message).reinterpret(nameLength);
    return sendto(fd, buffer, length, 0, name, nameLength);
  }

  // One control message, laid out as XNU does: a header of 12 bytes, and what follows it at once.
  private int readPassed(MemorySegment message) {
    int length = msghdr.msg_controllen(message);
    if (length == 0) {
      return 0;
    }
    MemorySegment control = msghdr.msg_control(message).reinterpret(length);
    if (control.get(INT, 4) != MacOs.SOL_SOCKET() || control.get(INT, 8) != MacOs.SCM_RIGHTS()) {
      return -MacOs.EINVAL();
    }
    for (long at = HEADER_BYTES; at < control.get(INT, 0); at += Integer.BYTES) {
      ModelFile file = kernel.file(control.get(INT, at));
      if (file == null) {
        passing.clear();
        return -MacOs.EBADF();
      }
      passing.add(file);
    }
    return 0;
  }

  @Override
  public long recvmsg(int fd, MemorySegment message, int flags) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelSocket socket)) {
        return -MacOs.EBADF();
      }
      MemorySegment vector = msghdr.msg_iov(message).reinterpret(iovec.sizeof());
      long length = iovec.iov_len(vector);
      MemorySegment buffer = iovec.iov_base(vector).reinterpret(length);
      ModelSocket.Datagram next = socket.datagrams.peek();
      MemorySegment name = msghdr.msg_name(message).reinterpret(128);
      MemorySegment nameLength = message.asSlice(msghdr.msg_namelen$offset(), Integer.BYTES);
      long received = recvfrom(fd, buffer, length, flags, name, nameLength);
      if (received < 0) {
        return received;
      }
      boolean cut = next != null && next.bytes().length > received;
      msghdr.msg_flags(message, cut ? MacOs.MSG_TRUNC() : 0);
      List<ModelFile> passed = next == null ? socket.passed : next.passed();
      writePassed(message, kernel.receive(passed));
      socket.passed.clear();
      return received;
    }
  }

  private static void writePassed(MemorySegment message, int[] fds) {
    int length = fds.length == 0 ? 0 : HEADER_BYTES + fds.length * Integer.BYTES;
    if (length > 0) {
      MemorySegment control = msghdr.msg_control(message).reinterpret(length);
      control.set(INT, 0, length);
      control.set(INT, 4, MacOs.SOL_SOCKET());
      control.set(INT, 8, MacOs.SCM_RIGHTS());
      MemorySegment.copy(fds, 0, control, INT, HEADER_BYTES, fds.length);
    }
    msghdr.msg_controllen(message, length);
  }

  @Override
  public long readv(int fd, MemorySegment vectors, int count) {
    return each(vectors, count, (part, size) -> read(fd, part, size));
  }

  private interface Part {
    long move(MemorySegment part, long length);
  }

  private static long each(MemorySegment vectors, int count, Part action) {
    long total = 0;
    for (int i = 0; i < count; i++) {
      MemorySegment vector = iovec.asSlice(vectors, i);
      long length = iovec.iov_len(vector);
      if (length == 0) {
        continue;
      }
      long moved = action.move(iovec.iov_base(vector).reinterpret(length), length);
      if (moved < 0) {
        return total > 0 ? total : moved;
      }
      total += moved;
      if (moved < length) {
        break;
      }
    }
    return total;
  }

  @Override
  public long read(int fd, MemorySegment buffer, long length) {
    synchronized (kernel) {
      if (kernel.file(fd) instanceof ModelSocket) {
        return recv(fd, buffer, length, 0);
      }
      if (!(kernel.file(fd) instanceof ModelPipe pipe) || !pipe.source) {
        return -MacOs.EBADF();
      }
      if (pipe.bytes.size() == 0) {
        return pipe.other == null ? 0 : wouldBlock(pipe);
      }
      int taken = pipe.bytes.take(buffer, length);
      if (pipe.other != null) {
        kernel.writeChanged(pipe.other);
      }
      return taken;
    }
  }

  @Override
  public long write(int fd, MemorySegment buffer, long length) {
    synchronized (kernel) {
      if (!(kernel.file(fd) instanceof ModelPipe pipe) || pipe.source) {
        return -MacOs.EBADF();
      }
      if (pipe.other == null) {
        return -MacOs.EPIPE();
      }
      int put = pipe.bytes.put(buffer, length);
      if (put == 0 && length > 0) {
        return wouldBlock(pipe);
      }
      kernel.readChanged(pipe.other);
      return put;
    }
  }

  private static int wouldBlock(ModelFile file) {
    if (!file.nonBlocking) {
      throw new AssertionError("this call would block for ever: " + file);
    }
    return -MacOs.EAGAIN();
  }

  private static void requireNoSignal(ModelSocket socket) {
    if (!socket.flag(MacOs.SOL_SOCKET(), BsdTable.MAC_OS.noSigPipe())) {
      throw new AssertionError("SIGPIPE");
    }
  }
}
