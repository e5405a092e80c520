package mill.examples.command;

import java.io.IOException;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;

/**
 * Runs a server of the examples as a program: shows its usage, and tells in one line on stderr what
 * keeps it from serving.
 *
 * <p>It ends with 0, with 1 if something broke, and with 2 if the caller must change something.
 */
public final class Program {
  private Program() {}

  /** Serves until it is stopped. */
  @FunctionalInterface
  public interface Server {
    /** Opens a loop and a server, says that it has {@linkplain Arguments#started}, and runs. */
    void serve(Arguments arguments) throws IOException, UsageException, InterruptedException;
  }

  /**
   * Runs a program.
   *
   * @param usage what {@code --help} shows: its first word is the program's name, and what begins
   *     with two hyphens in it are the arguments that there are
   * @param args the command line
   * @param server serves
   */
  public static void run(String usage, String[] args, Server server) {
    String name = usage.substring(0, usage.indexOf(' '));
    int exitCode = 1;
    try {
      Arguments arguments = Arguments.parse(usage, args);
      if (arguments.has("--help")) {
        System.out.print(usage);
      } else {
        requirePlatform();
        server.serve(arguments);
      }
      exitCode = 0;
    } catch (UsageException e) {
      System.err.println(name + ": " + e.getMessage());
      exitCode = 2;
    } catch (ErrnoException e) {
      System.err.println(name + ": " + told(e));
      exitCode = 2;
    } catch (IOException e) {
      System.err.println(name + ": " + e.getMessage());
    } catch (InterruptedException e) {
      System.err.println(name + ": interrupted");
    }
    System.out.flush();
    if (exitCode != 0) {
      System.exit(exitCode);
    }
  }

  private static String told(ErrnoException e) {
    return e.errnoName().equals("EADDRINUSE")
        ? "the port is in use: choose another with --port"
        : "cannot listen there: " + e.errnoName();
  }

  /**
   * Without native access, or on a system without a backend, the exception's message says it all.
   */
  private static void requirePlatform() throws UsageException {
    try {
      var _ = CurrentPlatform.get();
    } catch (IllegalStateException | UnsupportedOperationException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }
}
