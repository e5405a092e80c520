package mill.testing;

/** Says that something did not happen in time: the test hangs rather than finds a wrong value. */
public final class HangError extends AssertionError {
  private static final long serialVersionUID = 1L;

  HangError(String message, Throwable cause) {
    super(message, cause);
  }
}
