package mill.examples.echo;

import java.io.IOException;
import java.io.PrintStream;
import mill.natives.CurrentPlatform;

/**
 * The demo: drives its own echo server and tells what it measured, or with {@code --serve} just
 * serves. {@code --help} lists the arguments.
 *
 * <p>Ends with 0; with 1 and a line on stderr if an echo was wrong or something broke; with 2 and a
 * line on stderr if the caller must change something.
 */
public final class EchoDemo {
  private EchoDemo() {}

  /** Runs the demo. */
  public static void main(String[] args) {
    int exitCode = 0;
    try {
      run(args, System.out);
    } catch (DemoFailure e) {
      System.err.println("mill-echo: " + e.line());
      exitCode = e.exitCode();
    } catch (IOException e) {
      System.err.println("mill-echo: " + e.getMessage());
      exitCode = 1;
    }
    if (exitCode != 0) {
      System.exit(exitCode);
    }
  }

  private static void run(String[] args, PrintStream out) throws IOException, DemoFailure {
    run(CommandLine.parse(args), out);
    out.flush();
  }

  // Not a switch over types, which would cost the start of a server some milliseconds.
  private static void run(Command command, PrintStream out) throws IOException, DemoFailure {
    if (command instanceof Command.Serve serve) {
      requirePlatform();
      new ServeMode(serve, out).run();
      return;
    }
    if (command instanceof Command.Drive drive) {
      requirePlatform();
      new DriveMode(drive, out).run();
      return;
    }
    out.print(CommandLine.USAGE);
  }

  /**
   * Without native access, or on a system without a backend, the exception's message says it all.
   */
  private static void requirePlatform() throws DemoFailure {
    try {
      var _ = CurrentPlatform.get();
    } catch (IllegalStateException | UnsupportedOperationException e) {
      throw DemoFailure.usage(String.valueOf(e.getMessage()));
    }
  }
}
