package mill.examples.echo;

/** Ends the demo with one line on stderr and an exit code. */
final class DemoFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private DemoFailure(int exitCode, String line) {
    super(line);
    this.exitCode = exitCode;
  }

  /** The caller must change something: an argument, a flag, what else listens on the port. */
  static DemoFailure usage(String line) {
    return new DemoFailure(2, line);
  }

  /** Something went wrong on the way. */
  static DemoFailure broken(String line) {
    return new DemoFailure(1, line);
  }

  int exitCode() {
    return exitCode;
  }

  String line() {
    return String.valueOf(getMessage());
  }
}
