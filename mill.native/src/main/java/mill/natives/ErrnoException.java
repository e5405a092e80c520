package mill.natives;

import java.io.IOException;

/**
 * A call to the operating system failed: carries the call's name, the error's number and its name.
 *
 * <p>The message reads {@code connect(/127.0.0.1:1): ECONNREFUSED (errno 111)}. Would-block,
 * interrupted calls and short transfers are outcomes and never arrive here.
 */
public final class ErrnoException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What {@link #call()} gives. */
  private final String call;

  /** What {@link #errno()} gives. */
  private final int errno;

  /** What {@link #errnoName()} gives. */
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

  /**
   * Names the call that failed.
   *
   * @return the call, as given to the constructor
   */
  public String call() {
    return call;
  }

  /**
   * Gives the error number, which means different things on different systems; {@link #errnoName()}
   * does not.
   *
   * @return the positive number
   */
  public int errno() {
    return errno;
  }

  /**
   * Gives the error's symbolic name, such as {@code ECONNREFUSED}.
   *
   * @return the name, or {@code errno N} for a number the platform's table does not know
   */
  public String errnoName() {
    return errnoName;
  }
}
