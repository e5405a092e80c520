package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.channels.NotYetConnectedException;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/**
 * A connection's byte stream, TCP or Unix.
 *
 * <pre>
 *            startConnect             finishConnect true
 *   OPEN ──────────────▶ CONNECTING ────────────────────▶ CONNECTED
 *     │                      │ finishConnect throws           │
 *     │   at once            ▼                                │ close
 *     └────────────────▶ (CONNECTED)        CLOSED ◀──────────┘
 * </pre>
 */
public abstract sealed class StreamSocket extends AbstractSocket permits TcpStream, UnixStream {
  private enum Phase {
    OPEN,
    CONNECTING,
    CONNECTED
  }

  private volatile Phase phase;

  // Until the connect has ended, for the message that tells how.
  private volatile @Nullable SocketAddress connectingTo;

  StreamSocket(Platform platform, int fd, Family family, boolean connected) {
    super(platform, fd, family);
    phase = connected ? Phase.CONNECTED : Phase.OPEN;
  }

  /**
   * Binds the near end; without this, connecting does it. Any thread.
   *
   * @param local the address to come from
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance
   */
  public final void bindTo(SocketAddress local) throws IOException {
    bindSocket(local);
  }

  /**
   * Begins to connect. Any thread.
   *
   * <p>If the outcome is not known at once, the socket becomes writable when it is; then call
   * {@link #finishConnect()}.
   *
   * @param remote the address to connect to
   * @return true if the connection stands already
   * @throws IOException if the kernel refuses at once; this is closed then
   * @throws IllegalArgumentException if the address is unresolved or of the wrong kind
   * @throws IllegalStateException if it connects or is connected already
   */
  public final boolean startConnect(SocketAddress remote) throws IOException {
    if (phase != Phase.OPEN) {
      throw new IllegalStateException(this + " has been connected before");
    }
    int result = connectSocket(remote);
    if (result >= 0) {
      phase = Phase.CONNECTED;
      return true;
    }
    if (!platform().errnos().isInProgress(result)) {
      close();
      throw platform().errnos().exception("connect(" + remote + ")", result);
    }
    connectingTo = remote;
    phase = Phase.CONNECTING;
    return false;
  }

  /**
   * Asks how the connect has ended. Any thread.
   *
   * @return true if the connection stands, false if its outcome is not known yet: wait until
   *     writable
   * @throws IOException if it failed, with {@code ECONNREFUSED} for instance; this is closed then
   * @throws IllegalStateException if no connect was begun
   */
  public final boolean finishConnect() throws IOException {
    if (phase == Phase.CONNECTED) {
      return true;
    }
    if (phase == Phase.OPEN) {
      throw new IllegalStateException("no connect was begun on " + this);
    }
    int[] error = new int[1];
    int result = connectOutcome(error);
    if (error[0] != 0) {
      close();
      throw platform().errnos().exception("connect(" + connectingTo + ")", -error[0]);
    }
    if (platform().errnos().isNotConnected(result)) {
      return false;
    }
    require("getpeername", result);
    connectingTo = null;
    phase = Phase.CONNECTED;
    return true;
  }

  /**
   * {@return whether the connection stands, as far as this side has asked} True after an accept,
   * and after a {@link #startConnect} or {@link #finishConnect} that returned true. Any thread.
   */
  public final boolean isConnected() {
    return phase == Phase.CONNECTED;
  }

  /**
   * {@return the peer's address, or null when there is no peer, or none any more} Any thread.
   *
   * @throws IOException if the kernel refuses
   */
  @SuppressWarnings("exports") // see module-info
  public final @Nullable SocketAddress remoteAddress() throws IOException {
    return peerAddress();
  }

  /**
   * Reads into a whole buffer. Any thread. See {@link #read(MemorySegment, long, long)}.
   *
   * @param buffer receives the bytes, off-heap
   * @return bytes read, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed, with {@code ECONNRESET} for instance
   */
  public final int read(MemorySegment buffer) throws IOException {
    return read(buffer, 0, buffer.byteSize());
  }

  /**
   * Reads what has arrived ({@code recv(2)}). Any thread.
   *
   * @param buffer receives the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most; with 0 nothing is read and 0 returned
   * @return bytes read, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed, with {@code ECONNRESET} for instance; close it
   * @throws java.nio.channels.ClosedChannelException if this is closed
   * @throws NotYetConnectedException if it is not known yet that the connection stands
   * @throws IllegalArgumentException if the buffer is on the heap or read-only
   * @throws IndexOutOfBoundsException if the range is not inside the buffer
   */
  public final int read(MemorySegment buffer, long offset, long length) throws IOException {
    checkConnected();
    Transfers.checkWritable(buffer, offset, length);
    if (length == 0) {
      return 0;
    }
    int result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().receive(fd, buffer, offset, length);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    if (result == 0) {
      return IoStatus.END_OF_STREAM;
    }
    return result > 0 ? result : Transfers.failure(platform().errnos(), "recv", result);
  }

  /**
   * Writes a whole buffer, or what the kernel takes of it. Any thread. See {@link
   * #write(MemorySegment, long, long)}.
   *
   * @param buffer holds the bytes, off-heap
   * @return bytes written, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed, with {@code EPIPE} for instance
   */
  public final int write(MemorySegment buffer) throws IOException {
    return write(buffer, 0, buffer.byteSize());
  }

  /**
   * Writes what the kernel takes now ({@code send(2)}). Any thread.
   *
   * @param buffer holds the bytes, off-heap
   * @param offset where in the buffer, in bytes
   * @param length how many bytes at most; with 0 nothing is written and 0 returned
   * @return bytes written, perhaps fewer than asked, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed, with {@code EPIPE} or {@code ECONNRESET} for
   *     instance; close it
   * @throws java.nio.channels.ClosedChannelException if this is closed
   * @throws NotYetConnectedException if it is not known yet that the connection stands
   * @throws IllegalArgumentException if the buffer is on the heap
   * @throws IndexOutOfBoundsException if the range is not inside the buffer
   */
  public final int write(MemorySegment buffer, long offset, long length) throws IOException {
    checkConnected();
    Transfers.check(buffer, offset, length);
    if (length == 0) {
      return 0;
    }
    int result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().send(fd, buffer, offset, length);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    return result >= 0 ? result : Transfers.failure(platform().errnos(), "send", result);
  }

  /**
   * Reads into several buffers with one call ({@code readv(2)}). Any thread. The buffers must stay
   * allocated until this returns; only a single buffer's transfer can see to that by itself.
   *
   * @param buffers filled one after the other, off-heap
   * @param from the first to use
   * @param count how many to use; a system may use fewer in one call
   * @return bytes read in all, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed; close it
   */
  public final long readv(MemorySegment[] buffers, int from, int count) throws IOException {
    checkConnected();
    Transfers.checkAll(buffers, from, count, true);
    int first = firstWithRoom(buffers, from, count);
    if (first == from + count) {
      return 0;
    }
    long result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().readv(fd, buffers, first, from + count - first);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    if (result == 0) {
      return IoStatus.END_OF_STREAM;
    }
    return result > 0 ? result : Transfers.failure(platform().errnos(), "readv", result);
  }

  /**
   * Reads into parts of several buffers with one call ({@code readv(2)}), without a slice of each.
   * Any thread. The buffers must stay allocated until this returns.
   *
   * @param buffers their parts are filled one after the other; off-heap
   * @param offsets where in each buffer its part begins, in bytes; by the buffers' indexes
   * @param lengths how long each part is, in bytes; by the buffers' indexes
   * @param from the first buffer to use
   * @param count how many to use; a system may use fewer in one call
   * @return bytes read in all, {@link IoStatus#END_OF_STREAM} or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed; close it
   * @throws IndexOutOfBoundsException if a part is not inside its buffer
   */
  public final long readv(
      MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count)
      throws IOException {
    checkConnected();
    Transfers.checkParts(buffers, offsets, lengths, from, count, true);
    int first = firstWithRoom(lengths, from, count);
    if (first == from + count) {
      return 0;
    }
    long result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().readv(fd, buffers, offsets, lengths, first, from + count - first);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    if (result == 0) {
      return IoStatus.END_OF_STREAM;
    }
    return result > 0 ? result : Transfers.failure(platform().errnos(), "readv", result);
  }

  /**
   * Writes several buffers with one call ({@code sendmsg(2)}). Any thread. The buffers must stay
   * allocated until this returns; only a single buffer's transfer can see to that by itself.
   *
   * @param buffers written one after the other, off-heap
   * @param from the first to use
   * @param count how many to use; a system may use fewer in one call
   * @return bytes written in all, perhaps fewer than there are, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed; close it
   */
  public final long writev(MemorySegment[] buffers, int from, int count) throws IOException {
    checkConnected();
    Transfers.checkAll(buffers, from, count, false);
    int first = firstWithRoom(buffers, from, count);
    if (first == from + count) {
      return 0;
    }
    long result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().writev(fd, buffers, first, from + count - first);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    return result >= 0 ? result : Transfers.failure(platform().errnos(), "sendmsg", result);
  }

  /**
   * Writes parts of several buffers with one call ({@code sendmsg(2)}), without a slice of each.
   * Any thread. The buffers must stay allocated until this returns.
   *
   * @param buffers their parts are written one after the other; off-heap
   * @param offsets where in each buffer its part begins, in bytes; by the buffers' indexes
   * @param lengths how long each part is, in bytes; by the buffers' indexes
   * @param from the first buffer to use
   * @param count how many to use; a system may use fewer in one call
   * @return bytes written in all, perhaps fewer than there are, or {@link IoStatus#WOULD_BLOCK}
   * @throws IOException if the connection failed; close it
   * @throws IndexOutOfBoundsException if a part is not inside its buffer
   */
  public final long writev(
      MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count)
      throws IOException {
    checkConnected();
    Transfers.checkParts(buffers, offsets, lengths, from, count, false);
    int first = firstWithRoom(lengths, from, count);
    if (first == from + count) {
      return 0;
    }
    long result;
    int attempts = 0;
    int fd = acquire();
    try {
      do {
        result = sockets().writev(fd, buffers, offsets, lengths, first, from + count - first);
      } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));
    } finally {
      release();
    }
    return result >= 0 ? result : Transfers.failure(platform().errnos(), "sendmsg", result);
  }

  /**
   * Ends the sending half: the peer reads the end of the stream once it has read what was sent. Any
   * thread.
   *
   * @throws IOException if the kernel refuses, {@code ENOTCONN} when the peer is gone for instance
   */
  public final void shutdownWrite() throws IOException {
    shutdown(false, true);
  }

  /**
   * Ends the receiving half: reads return the end of the stream. Any thread.
   *
   * @throws IOException if the kernel refuses, {@code ENOTCONN} when the peer is gone for instance
   */
  public final void shutdownRead() throws IOException {
    shutdown(true, false);
  }

  private void shutdown(boolean read, boolean write) throws IOException {
    int fd = acquire();
    try {
      require("shutdown", sockets().shutdown(fd, read, write));
    } finally {
      release();
    }
  }

  /** Finds out whether a socket that was made elsewhere is connected, and may linger. */
  final void takeOver() throws IOException {
    setMayLinger();
    phase = peerAddress() == null ? Phase.OPEN : Phase.CONNECTED;
  }

  // A transfer that came before finishConnect would take the error away that tells how it ended.
  final void checkConnected() {
    if (phase != Phase.CONNECTED) {
      throw new NotYetConnectedException();
    }
  }

  // Either the error of the connect, or whether there is a peer.
  private int connectOutcome(int[] error) throws IOException {
    int fd = acquire();
    NativeAddress peer = AddressCache.take();
    try {
      int result = sockets().getIntOption(fd, connectError(), error);
      return result >= 0 && error[0] == 0 ? sockets().remoteAddress(fd, peer) : result;
    } finally {
      release();
      AddressCache.give(peer);
    }
  }

  private OptionCode connectError() {
    var code = platform().option("SO_ERROR");
    if (code == null) {
      throw new IllegalStateException(platform().name() + " does not know SO_ERROR");
    }
    return code;
  }

  // A call that asks for nothing returns 0, which must not be taken for the end of the stream; and
  // a platform that uses only the first few buffers must not be handed empty ones alone.
  private static int firstWithRoom(MemorySegment[] buffers, int from, int count) {
    int first = from;
    while (first < from + count && buffers[first].byteSize() == 0) {
      first++;
    }
    return first;
  }

  private static int firstWithRoom(long[] lengths, int from, int count) {
    int first = from;
    while (first < from + count && lengths[first] == 0) {
      first++;
    }
    return first;
  }

  @Override
  public final DescriptorKind kind() {
    return DescriptorKind.STREAM;
  }
}
