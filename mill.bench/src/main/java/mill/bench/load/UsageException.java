package mill.bench.load;

import java.io.Serial;

/** The caller must change something: an argument, or what is installed. */
public final class UsageException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  /** Says what, in one line. */
  public UsageException(String message) {
    super(message);
  }
}
