package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.iovec;
import mill.natives.gen.macos.msghdr;

/** A model of the calls that move bytes. */
final class ModelTransferCalls implements TransferCalls {
  private static final int MAX_DATAGRAM_BYTES = 9216;

  private final ModelKernel kernel;
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
      receiver.datagrams.add(new ModelSocket.Datagram(ModelPosixCalls.bytes(buffer, length), from));
      kernel.readChanged(receiver);
    }
    return length;
  }

  @Override
  public long sendmsg(int fd, MemorySegment message, int flags) {
    MemorySegment vectors = msghdr.msg_iov(message).reinterpret(64 * iovec.sizeof());
    return each(vectors, msghdr.msg_iovlen(message), (part, size) -> send(fd, part, size, flags));
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
