package mill.sim.kernel;

import java.util.Arrays;
import java.util.Locale;

/** The calls of a platform, by the names that Linux has for them. */
public enum Call {
  /** {@code accept4(2)}. */
  ACCEPT,
  /** {@code bind(2)}. */
  BIND,
  /** {@code close(2)}; the descriptor is gone though it fails. */
  CLOSE,
  /** {@code connect(2)}. */
  CONNECT,
  /** {@code epoll_create1(2)}. */
  EPOLL_CREATE,
  /** {@code epoll_ctl(2)}. */
  EPOLL_CTL,
  /** {@code epoll_wait(2)}. */
  EPOLL_WAIT,
  /** {@code fcntl(2)}. */
  FCNTL,
  /** {@code getpeername(2)}. */
  GETPEERNAME,
  /** {@code getsockname(2)}. */
  GETSOCKNAME,
  /** {@code getsockopt(2)}. */
  GETSOCKOPT,
  /** {@code listen(2)}. */
  LISTEN,
  /** {@code pipe2(2)}. */
  PIPE,
  /** {@code read(2)}. */
  READ,
  /** {@code readv(2)}. */
  READV,
  /** {@code recv(2)}. */
  RECV,
  /** {@code recvfrom(2)}. */
  RECVFROM,
  /** {@code recvmsg(2)}. */
  RECVMSG,
  /** {@code send(2)}. */
  SEND,
  /** {@code sendmsg(2)}. */
  SENDMSG,
  /** {@code sendto(2)}. */
  SENDTO,
  /** {@code setsockopt(2)}. */
  SETSOCKOPT,
  /** {@code shutdown(2)}. */
  SHUTDOWN,
  /** {@code socket(2)}. */
  SOCKET,
  /** {@code socketpair(2)}. */
  SOCKETPAIR,
  /** {@code write(2)}. */
  WRITE;

  private final String text = name().toLowerCase(Locale.ROOT);

  /**
   * {@return the call of a name}
   *
   * @param text the name as it is written in C
   * @throws IllegalArgumentException if there is no such call; the message says which there are
   */
  public static Call of(String text) {
    for (Call call : values()) {
      if (call.text.equals(text)) {
        return call;
      }
    }
    throw new IllegalArgumentException(
        "there is no call \"%s\", but there are %s"
            .formatted(text, Arrays.stream(values()).map(Call::text).toList()));
  }

  /** {@return the name as it is written in C} */
  public String text() {
    return text;
  }
}
