package mill.examples.command;

/** The caller must change something: an argument, a flag, what else listens on the port. */
public final class UsageException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Makes one with the line that is shown. */
  public UsageException(String line) {
    super(line);
  }
}
