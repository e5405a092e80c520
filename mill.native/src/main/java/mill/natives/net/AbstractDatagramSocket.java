package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Errnos;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** What UDP and Unix datagram sockets share. */
abstract class AbstractDatagramSocket extends AbstractSocket {
  AbstractDatagramSocket(Platform platform, int fd, Family family) {
    super(platform, fd, family);
  }

  /**
   * Binds a socket that {@code open} made. Any thread.
   *
   * @param local the address to receive at
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance
   */
  public final void bindTo(SocketAddress local) throws IOException {
    bindSocket(local);
  }

  /**
   * Fixes the peer: {@link #send(MemorySegment, long, long)} goes there, and only its datagrams are
   * received. Any thread.
   *
   * @param remote the peer
   * @throws IOException if the kernel refuses
   */
  public final void connect(SocketAddress remote) throws IOException {
    require("connect(" + remote + ")", connectSocket(remote));
  }

  /**
   * Undoes {@link #connect}: {@link #sendTo(MemorySegment, long, long, SocketAddress)} goes
   * anywhere again, and everybody's datagrams are received. The port stays. Any thread; does
   * nothing when not connected.
   *
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance when somebody else
   *     has taken the port just then
   */
  public final void disconnect() throws IOException {
    SocketAddress before = ownAddress();
    int fd = acquire();
    try {
      require("disconnect", sockets().disconnect(fd));
    } finally {
      release();
    }
    // Linux takes a port that the system has chosen away with the peer.
    if (before instanceof InetSocketAddress had
        && ownAddress() instanceof InetSocketAddress has
        && had.getPort() != has.getPort()) {
      bindSocket(new InetSocketAddress(has.getAddress(), had.getPort()));
    }
  }

  // Some systems know of no address before a socket is bound.
  private @Nullable SocketAddress ownAddress() throws IOException {
    int fd = acquire();
    NativeAddress address = AddressCache.take();
    try {
      return sockets().localAddress(fd, address) < 0
          ? null
          : platform().addresses().decode(address);
    } finally {
      release();
      AddressCache.give(address);
    }
  }

  /**
   * {@return the address of the peer that {@link #connect} fixed, or null when not connected} Any
   * thread.
   *
   * @throws IOException if the kernel refuses
   */
  @SuppressWarnings("exports") // see module-info
  public final @Nullable SocketAddress remoteAddress() throws IOException {
    return peerAddress();
  }

  /**
   * Sends one datagram to the connected peer ({@code send(2)}). Any thread.
   *
   * @param buffer holds it, off-heap
   * @param offset where in the buffer, in bytes
   * @param length its size in bytes; 0 sends an empty datagram
   * @return {@code length}, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses: {@code EMSGSIZE} when it is too long, {@code
   *     EDESTADDRREQ} or {@code ENOTCONN} when there is no peer, {@code ECONNREFUSED} when an
   *     earlier datagram found nobody
   */
  public final int send(MemorySegment buffer, long offset, long length) throws IOException {
    Transfers.check(buffer, offset, length);
    int sent;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        sent = sockets().send(fd, buffer, offset, length);
      } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));
      return sent >= 0 ? sent : Transfers.failure(platform().errnos(), "send", sent);
    } finally {
      release();
    }
  }

  /**
   * Receives one datagram ({@code recv(2)}). Any thread. See {@link #receiveMessage} to learn
   * whether it fitted.
   *
   * @param buffer receives it, off-heap; what does not fit is lost
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most
   * @return its size in bytes, which may be 0, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses: {@code ECONNREFUSED} when an earlier datagram found
   *     nobody
   */
  public final int receive(MemorySegment buffer, long offset, long length) throws IOException {
    Transfers.checkWritable(buffer, offset, length);
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receive(fd, buffer, offset, length);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      return received >= 0 ? received : Transfers.failure(platform().errnos(), "recv", received);
    } finally {
      release();
    }
  }

  /**
   * Sends one datagram ({@code sendto(2)}). Any thread.
   *
   * <p>On a Unix socket {@link IoStatus#WOULD_BLOCK} means that the receiver's queue is full, and
   * there waiting until this is writable waits for nothing: an unconnected socket does not know
   * whose queue is meant and is writable all the time. Try again after a time, or {@link #connect}
   * to the receiver: a connected socket becomes writable when there is room ({@code unix(7)}).
   *
   * @param buffer holds it, off-heap
   * @param offset where in the buffer, in bytes
   * @param length its size in bytes
   * @param to where to
   * @return {@code length}, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses, {@code EMSGSIZE} for instance
   */
  public final int sendTo(MemorySegment buffer, long offset, long length, SocketAddress to)
      throws IOException {
    NativeAddress encoded = AddressCache.take();
    try {
      encode(to, encoded);
      return sendTo(buffer, offset, length, encoded);
    } finally {
      AddressCache.give(encoded);
    }
  }

  /**
   * Sends one datagram without making an object; {@code to} is usually where another came from. Any
   * thread. What {@link #sendTo(MemorySegment, long, long, SocketAddress)} says of a full receiver
   * holds here too.
   *
   * @param buffer holds it, off-heap
   * @param offset where in the buffer, in bytes
   * @param length its size in bytes
   * @param to where to
   * @return {@code length}, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses, {@code EMSGSIZE} for instance
   */
  public final int sendTo(MemorySegment buffer, long offset, long length, NativeAddress to)
      throws IOException {
    Transfers.check(buffer, offset, length);
    int sent;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        sent = sockets().sendTo(fd, buffer, offset, length, to);
      } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));
      return sent >= 0 ? sent : sendToFailure(to, sent);
    } finally {
      release();
    }
  }

  private int sendToFailure(NativeAddress to, int result) throws IOException {
    Errnos errnos = platform().errnos();
    if (errnos.isWouldBlock(result) || errnos.isInterrupted(result)) {
      return IoStatus.WOULD_BLOCK;
    }
    throw errnos.exception("sendto(" + platform().addresses().decode(to) + ")", result);
  }

  /**
   * Receives one datagram and its sender's address without making an object ({@code recvfrom(2)}).
   * Any thread. See {@link #receiveMessage} to learn whether it fitted.
   *
   * @param buffer receives it, off-heap; what does not fit is lost
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most
   * @param from receives the sender's address; {@link Platform#addresses()} reads it
   * @return its size in bytes, which may be 0, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses
   */
  public final int receiveFrom(MemorySegment buffer, long offset, long length, NativeAddress from)
      throws IOException {
    Transfers.checkWritable(buffer, offset, length);
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receiveFrom(fd, buffer, offset, length, from);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      return received >= 0
          ? received
          : Transfers.failure(platform().errnos(), "recvfrom", received);
    } finally {
      release();
    }
  }

  /**
   * Sends one datagram with control data ({@code sendmsg(2)}). Any thread. The buffer must stay
   * allocated until this returns.
   *
   * @param buffer holds it, off-heap
   * @param offset where in the buffer, in bytes
   * @param length its size in bytes
   * @param to where to; null for the connected peer
   * @param control what goes with it; stays as it is
   * @return {@code length}, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses: {@code EOPNOTSUPP} for control data that there is
   *     not on this system
   */
  @SuppressWarnings("exports") // see module-info
  public final int sendMessage(
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control)
      throws IOException {
    Transfers.checkMessage(buffer, offset, length, false);
    int sent;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        sent = sockets().sendMessage(fd, buffer, offset, length, to, control);
      } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));
      return sent >= 0 ? sent : Transfers.messageFailure(platform().errnos(), sent, control);
    } finally {
      release();
    }
  }

  /**
   * Receives one datagram and what goes with it ({@code recvmsg(2)}). Any thread. The buffer must
   * stay allocated until this returns.
   *
   * @param buffer receives it, off-heap; what does not fit is lost, and {@link
   *     ControlData#isTruncated()} tells so
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most
   * @param from receives the sender's address, unless it is null
   * @param control emptied, and receives what goes with it
   * @return its size in bytes, which may be 0, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses
   */
  @SuppressWarnings("exports") // see module-info
  public final int receiveMessage(
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control)
      throws IOException {
    Transfers.checkMessage(buffer, offset, length, true);
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receiveMessage(fd, buffer, offset, length, from, control);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      return received >= 0 ? received : Transfers.failure(platform().errnos(), "recvmsg", received);
    } finally {
      release();
    }
  }

  /**
   * Sends several datagrams, with one call where the system can ({@code sendmmsg(2)}). Any thread.
   *
   * @param batch holds them; stays as it is
   * @param from the first to send
   * @param count how many
   * @return how many were sent, perhaps fewer, or {@link IoStatus#WOULD_BLOCK} for none
   * @throws IOException if the kernel refuses the first; what it refuses a later one for is told
   *     when that one is the first
   * @throws IndexOutOfBoundsException if the batch has fewer
   */
  public final int sendBatch(DatagramBatch batch, int from, int count) throws IOException {
    Transfers.checkBatch(batch, from, count);
    if (count == 0) {
      return 0;
    }
    int sent;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        sent = sockets().sendBatch(fd, batch, from, count);
      } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));
      return sent >= 0 ? sent : Transfers.failure(platform().errnos(), "sendmmsg", sent);
    } finally {
      release();
    }
  }

  /**
   * Receives as many datagrams as there are and fit, with one call where the system can ({@code
   * recvmmsg(2)}). Any thread.
   *
   * @param batch overwritten, from its first datagram on
   * @return how many came, also {@link DatagramBatch#count()}, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the kernel refuses, and no datagram came before that
   */
  public final int receiveBatch(DatagramBatch batch) throws IOException {
    Transfers.checkBatch(batch, 0, batch.capacity());
    batch.setCount(0);
    int received;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        received = sockets().receiveBatch(fd, batch);
      } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));
      if (received < 0) {
        return Transfers.failure(platform().errnos(), "recvmmsg", received);
      }
      batch.setCount(received);
      return received;
    } finally {
      release();
    }
  }

  @Override
  public final DescriptorKind kind() {
    return DescriptorKind.DATAGRAM;
  }
}
