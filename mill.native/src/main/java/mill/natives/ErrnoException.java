package mill.natives;

import java.io.IOException;

/**
 * A call to the operating system failed: carries the call's name, the error's number and its name.
 *
 * <p>The message reads {@code connect(/127.0.0.1:1): ECONNREFUSED (errno 111)}. Would-block,
 * interrupted calls and short transfers are outcomes and never arrive here. Immutable, any thread.
 */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The call, as given to the constructor. */
  private final String call;

  /** The positive error number. */
  private final int errno;

  /** The error's symbolic name. */
  private final String errnoName;

  /**
   * Describes a failed call.
   *
   * @param call the call, with what it was about where that helps: {@code bind} or {@code
   *     bind(127.0.0.1:80)}
   * @param errno the positive error number, in the platform's own numbering
   * @param errnoName its symbolic name, such as {@code EADDRINUSE}
   */
  public ErrnoException(String call, int errno, String errnoName) {
    super(call + ": " + errnoName + " (errno " + errno + ")");
    this.call = call;
    this.errno = errno;
    this.errnoName = errnoName;
  }

  /** {@return the call that failed, as given to the constructor} */
  public String call() {
    return call;
  }

  /**
   * {@return the positive error number} It means different things on different systems; {@link
   * #errnoName()} does not.
   */
  public int errno() {
    return errno;
  }

  /**
   * {@return the error's symbolic name, such as {@code ECONNREFUSED}, or {@code errno N} for a
   * number that the platform's table does not know}
   */
  public String errnoName() {
    return errnoName;
  }
}
