package mill.natives.platform;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The socket calls of a platform, one method per system call. None of them blocks.
 *
 * <p>Every method returns {@code n >= 0} or {@code -errno}. Buffers are off-heap segments; {@code
 * offset} and {@code length} are bytes and have been checked against the segment by the caller.
 */
public interface Sockets {
  /** The address families. */
  enum Family {
    /** IPv4. */
    INET,
    /** IPv6. */
    INET6,
    /** Unix domain. */
    UNIX
  }

  /** The socket types. */
  enum Type {
    /** A connection's byte stream. */
    STREAM,
    /** Separate messages. */
    DATAGRAM
  }

  /**
   * {@code socket(2)}.
   *
   * @param family the address family
   * @param type the socket type
   * @return the descriptor or {@code -errno}
   */
  int socket(Family family, Type type);

  /**
   * {@code socketpair(2)}, Unix domain.
   *
   * @param type the socket type
   * @param fds receives the two descriptors
   * @return 0 or {@code -errno}
   */
  int socketPair(Type type, int[] fds);

  /**
   * {@code pipe(2)}.
   *
   * @param fds receives the reading and the writing end
   * @return 0 or {@code -errno}
   */
  int pipe(int[] fds);

  /**
   * {@code bind(2)}.
   *
   * @param fd the socket
   * @param address where to
   * @return 0 or {@code -errno}
   */
  int bind(int fd, NativeAddress address);

  /**
   * {@code listen(2)}.
   *
   * @param fd the socket
   * @param backlog how many connections may wait to be accepted; the system may lower it
   * @return 0 or {@code -errno}
   */
  int listen(int fd, int backlog);

  /**
   * {@code accept(2)}; the new descriptor is non-blocking and not inherited.
   *
   * @param fd the listening socket
   * @param peer receives the peer's address
   * @return the descriptor or {@code -errno}
   */
  int accept(int fd, NativeAddress peer);

  /**
   * {@code connect(2)}.
   *
   * @param fd the socket
   * @param address where to
   * @return 0 or {@code -errno}; {@code -EINPROGRESS} when the outcome will be told by writability
   */
  int connect(int fd, NativeAddress address);

  /**
   * Takes the peer of a datagram socket away, which is connecting it to no address ({@code
   * connect(2)}).
   *
   * @param fd the socket
   * @return 0, also if there was no peer, or {@code -errno}
   */
  int disconnect(int fd);

  /**
   * {@code getsockname(2)}.
   *
   * @param fd the socket
   * @param into receives the address
   * @return 0 or {@code -errno}
   */
  int localAddress(int fd, NativeAddress into);

  /**
   * {@code getpeername(2)}.
   *
   * @param fd the socket
   * @param into receives the address
   * @return 0 or {@code -errno}
   */
  int remoteAddress(int fd, NativeAddress into);

  /**
   * {@code recv(2)}.
   *
   * @param fd the socket
   * @param buffer receives the bytes
   * @param offset where in the buffer
   * @param length how many at most
   * @return bytes read, 0 at the end of a stream, or {@code -errno}
   */
  int receive(int fd, MemorySegment buffer, long offset, long length);

  /**
   * {@code send(2)}; never raises SIGPIPE.
   *
   * @param fd the socket
   * @param buffer holds the bytes
   * @param offset where in the buffer
   * @param length how many at most
   * @return bytes sent or {@code -errno}
   */
  int send(int fd, MemorySegment buffer, long offset, long length);

  /**
   * {@code recv(2)} with {@code MSG_OOB}: takes the urgent byte of a TCP stream.
   *
   * @param fd the socket
   * @return the byte, 0 to 255, or {@code -errno}: {@code -EINVAL} when there is none, {@code
   *     -EAGAIN} when it is announced and not here yet
   */
  int receiveUrgent(int fd);

  /**
   * {@code recvfrom(2)}.
   *
   * @param fd the socket
   * @param buffer receives one datagram, cut off if it is longer
   * @param offset where in the buffer
   * @param length how many bytes at most
   * @param from receives the sender's address
   * @return bytes read or {@code -errno}
   */
  int receiveFrom(int fd, MemorySegment buffer, long offset, long length, NativeAddress from);

  /**
   * {@code sendto(2)}.
   *
   * @param fd the socket
   * @param buffer holds the datagram
   * @param offset where in the buffer
   * @param length its size in bytes
   * @param to where to
   * @return bytes sent or {@code -errno}
   */
  int sendTo(int fd, MemorySegment buffer, long offset, long length, NativeAddress to);

  /**
   * {@code sendmsg(2)} with control data; never raises SIGPIPE.
   *
   * <p>By default, for a platform without control data, a plain {@code send} or {@code sendto}.
   *
   * @param fd the socket
   * @param buffer holds the message
   * @param offset where in the buffer
   * @param length its size in bytes
   * @param to where to; null for the peer
   * @param control what goes with it
   * @return bytes sent or {@code -errno}: {@code -EOPNOTSUPP} for control data that there is not on
   *     this platform
   */
  @SuppressWarnings("exports") // see module-info
  default int sendMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    if (!control.isPlain()) {
      return notSupported(control);
    }
    return to == null ? send(fd, buffer, offset, length) : sendTo(fd, buffer, offset, length, to);
  }

  /**
   * {@code recvmsg(2)} with control data.
   *
   * <p>By default, for a platform without control data that cuts no datagram off, a plain {@code
   * recv} or {@code recvfrom}.
   *
   * @param fd the socket
   * @param buffer receives the message, cut off if it is longer
   * @param offset where in the buffer
   * @param length how many bytes at most
   * @param from receives the sender's address, if it is not null
   * @param control receives what goes with it, and whether it was cut off
   * @return bytes read, 0 at the end of a stream, or {@code -errno}
   */
  @SuppressWarnings("exports") // see module-info
  default int receiveMessage(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    control.clear();
    return from == null
        ? receive(fd, buffer, offset, length)
        : receiveFrom(fd, buffer, offset, length, from);
  }

  /**
   * {@code recvmsg(2)} with {@code MSG_ERRQUEUE}: takes an error, with its message.
   *
   * @param fd the socket
   * @param buffer receives the message, cut off if it is longer
   * @param offset where in the buffer
   * @param length how many bytes at most
   * @param to receives where the message went
   * @param control receives the error
   * @return bytes read or {@code -errno}: {@code -EAGAIN} for none, {@code -EOPNOTSUPP} where there
   *     is no error queue
   */
  default int receiveError(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      NativeAddress to,
      ControlData control) {
    control.clear();
    return notSupported(control);
  }

  /**
   * {@code sendmmsg(2)}; by default a call for each datagram.
   *
   * @param fd the socket
   * @param batch holds the datagrams
   * @param from the first to send
   * @param count how many
   * @return how many were sent, or {@code -errno} if the first was not
   */
  default int sendBatch(int fd, DatagramBatch batch, int from, int count) {
    ControlData control = batch.control();
    int attempts = 0;
    int done = 0;
    while (done < count) {
      int index = from + done;
      control.setSegmentBytes(batch.segmentBytes(index));
      NativeAddress to = batch.address(index);
      int sent =
          sendMessage(
              fd,
              batch.buffer(index),
              0,
              batch.length(index),
              to.length() == 0 ? null : to,
              control);
      if (sent >= 0) {
        done++;
      } else if (!control.platform().errnos().mayRetry(sent, ++attempts)) {
        return done > 0 ? done : sent;
      }
    }
    return done;
  }

  /**
   * {@code recvmmsg(2)}; by default a call for each datagram.
   *
   * @param fd the socket
   * @param batch receives the datagrams
   * @return how many came, or {@code -errno} if none did
   */
  default int receiveBatch(int fd, DatagramBatch batch) {
    ControlData control = batch.control();
    int slotBytes = batch.slotBytes();
    int attempts = 0;
    int done = 0;
    while (done < batch.capacity()) {
      int received =
          receiveMessage(fd, batch.buffer(done), 0, slotBytes, batch.address(done), control);
      if (received >= 0) {
        batch.received(done++, received, control.isTruncated(), control.segmentBytes());
      } else if (!control.platform().errnos().mayRetry(received, ++attempts)) {
        // Who gets fewer than there is room for takes that for all that there are.
        return done > 0 ? done : received;
      }
    }
    return done;
  }

  private static int notSupported(ControlData control) {
    return -control.platform().errnos().number("EOPNOTSUPP");
  }

  /**
   * {@code read(2)}, for descriptors that are not sockets.
   *
   * @param fd the descriptor
   * @param buffer receives the bytes
   * @param offset where in the buffer
   * @param length how many at most
   * @return bytes read, 0 at the end, or {@code -errno}
   */
  int read(int fd, MemorySegment buffer, long offset, long length);

  /**
   * {@code write(2)}, for descriptors that are not sockets.
   *
   * @param fd the descriptor
   * @param buffer holds the bytes
   * @param offset where in the buffer
   * @param length how many at most
   * @return bytes written or {@code -errno}
   */
  int write(int fd, MemorySegment buffer, long offset, long length);

  /**
   * {@code readv(2)}: fills several buffers with one call.
   *
   * @param fd the descriptor
   * @param buffers the buffers, each filled before the next
   * @param from the first buffer to use
   * @param count how many buffers; a platform may use fewer in one call
   * @return bytes read in all, 0 at the end, or {@code -errno}
   */
  long readv(int fd, MemorySegment[] buffers, int from, int count);

  /**
   * {@code readv(2)} into parts of several buffers.
   *
   * @param fd the descriptor
   * @param buffers the buffers, each part filled before the next
   * @param offsets where in each buffer its part begins, in bytes
   * @param lengths how long each part is, in bytes
   * @param from the first buffer to use
   * @param count how many buffers; a platform may use fewer in one call
   * @return bytes read in all, 0 at the end, or {@code -errno}
   */
  long readv(int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count);

  /**
   * Gathering send ({@code sendmsg(2)}): sends several buffers with one call; never raises SIGPIPE.
   *
   * @param fd the descriptor
   * @param buffers the buffers, in order
   * @param from the first buffer to use
   * @param count how many buffers; a platform may use fewer in one call
   * @return bytes sent in all or {@code -errno}
   */
  long writev(int fd, MemorySegment[] buffers, int from, int count);

  /**
   * Gathering send ({@code sendmsg(2)}) of parts of several buffers; never raises SIGPIPE.
   *
   * @param fd the descriptor
   * @param buffers the buffers, in order
   * @param offsets where in each buffer its part begins, in bytes
   * @param lengths how long each part is, in bytes
   * @param from the first buffer to use
   * @param count how many buffers; a platform may use fewer in one call
   * @return bytes sent in all or {@code -errno}
   */
  long writev(int fd, MemorySegment[] buffers, long[] offsets, long[] lengths, int from, int count);

  /**
   * {@code shutdown(2)}.
   *
   * @param fd the socket
   * @param read whether to end the reading half
   * @param write whether to end the writing half
   * @return 0 or {@code -errno}
   */
  int shutdown(int fd, boolean read, boolean write);

  /**
   * {@code setsockopt(2)}.
   *
   * @param fd the socket
   * @param code the option
   * @param value its value, exactly as long as the option wants it
   * @return 0 or {@code -errno}
   */
  int setOption(int fd, OptionCode code, MemorySegment value);

  /**
   * {@code getsockopt(2)}.
   *
   * @param fd the socket
   * @param code the option
   * @param value receives the value
   * @return how many bytes were written to {@code value}, or {@code -errno}
   */
  int getOption(int fd, OptionCode code, MemorySegment value);

  /**
   * {@code setsockopt(2)} for an option that is one C {@code int}.
   *
   * @param fd the socket
   * @param code the option
   * @param value its value
   * @return 0 or {@code -errno}
   */
  int setIntOption(int fd, OptionCode code, int value);

  /**
   * {@code getsockopt(2)} for an option that is one C {@code int}, which may be negative: hence the
   * array.
   *
   * @param fd the socket
   * @param code the option
   * @param value receives the value at index 0
   * @return 0 or {@code -errno}
   */
  int getIntOption(int fd, OptionCode code, int[] value);

  /**
   * Sets {@code SO_LINGER}, whose structure differs between systems.
   *
   * @param fd the socket
   * @param seconds how long a close may wait; 0 resets the connection at close; negative switches
   *     lingering off
   * @return 0 or {@code -errno}
   */
  int setLinger(int fd, int seconds);

  /**
   * Reads {@code SO_LINGER}.
   *
   * @param fd the socket
   * @param seconds receives the seconds at index 0, -1 when off
   * @return 0 or {@code -errno}
   */
  int getLinger(int fd, int[] seconds);

  /**
   * Makes a descriptor of the user's non-blocking, or blocking again.
   *
   * @param fd the descriptor
   * @param on whether it is to be non-blocking
   * @return 1 if it was non-blocking before, or if the system cannot tell; 0 if it was not; or
   *     {@code -errno}
   */
  int setNonBlocking(int fd, boolean on);

  /**
   * Has child processes not inherit a descriptor of the user's.
   *
   * @param fd the descriptor
   * @return 0 or {@code -errno}
   */
  int setNotInherited(int fd);

  /**
   * {@code close(2)}. The descriptor is gone whatever this returns.
   *
   * @param fd the descriptor
   * @return 0 or {@code -errno}
   */
  int close(int fd);
}
