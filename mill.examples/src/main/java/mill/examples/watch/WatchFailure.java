package mill.examples.watch;

/** Ends the program with one line on stderr and an exit code. */
final class WatchFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private WatchFailure(int exitCode, String line) {
    super(line);
    this.exitCode = exitCode;
  }

  /** The caller must change something: an argument, a flag, a limit of the system. */
  static WatchFailure usage(String line) {
    return new WatchFailure(2, line);
  }

  /** Something went wrong on the way. */
  static WatchFailure broken(String line) {
    return new WatchFailure(1, line);
  }

  int exitCode() {
    return exitCode;
  }
}
