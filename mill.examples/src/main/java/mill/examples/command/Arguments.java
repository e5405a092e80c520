package mill.examples.command;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.regex.Pattern;
import mill.core.net.TcpServer;

/**
 * The command line of a server: {@code --port}, {@code --host} and what its usage names besides.
 */
public final class Arguments {
  /** How long those who are served may take to finish when a signal has stopped the server. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private static final int MAX_PORT = 65_535;

  private final Map<String, String> given = new HashMap<>();

  private Arguments() {}

  /**
   * Reads a command line. The arguments that there are stand in the usage, one a line: those that
   * want a value have its name, in capitals, behind them.
   */
  static Arguments parse(String usage, String... args) throws UsageException {
    var arguments = new Arguments();
    for (int i = 0; i < args.length; i++) {
      String name = args[i];
      var known = Pattern.compile("(?m)^ +" + Pattern.quote(name) + "( [A-Z:]+)? ").matcher(usage);
      if (!name.startsWith("--") || !known.find()) {
        throw new UsageException("unknown argument " + name + ": --help lists what there is");
      }
      if (known.group(1) == null) {
        arguments.given.put(name, "");
      } else if (i + 1 == args.length) {
        throw new UsageException(name + " needs a value");
      } else {
        arguments.given.put(name, args[++i]);
      }
    }
    return arguments;
  }

  boolean has(String name) {
    return given.containsKey(name);
  }

  /** Returns where to listen: {@code --host} and {@code --port}, which 0 leaves to the system. */
  public InetSocketAddress address(int defaultPort) throws UsageException {
    String host = given.getOrDefault("--host", "127.0.0.1");
    var address = new InetSocketAddress(host, number("--port", defaultPort, 0, MAX_PORT));
    if (address.isUnresolved()) {
      throw new UsageException("there is no host " + host);
    }
    return address;
  }

  /** Returns an address that a server connects to, its name unresolved, or refuses it. */
  public InetSocketAddress target(String name) throws UsageException {
    String text = given.get(name);
    if (text == null) {
      throw new UsageException(name + " is missing: --help lists what there is");
    }
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new UsageException(name + " must be HOST:PORT, not " + text);
    }
    int port = number(name, text.substring(colon + 1), 1, MAX_PORT);
    return InetSocketAddress.createUnresolved(text.substring(0, colon), port);
  }

  /** Returns what was given, if it was. */
  public Optional<String> text(String name) {
    return Optional.ofNullable(given.get(name));
  }

  /** Returns a number in its range, or the default. */
  public int number(String name, int otherwise, int min, int max) throws UsageException {
    String text = given.get(name);
    return text == null ? otherwise : number(name, text, min, max);
  }

  private static int number(String name, String text, int min, int max) throws UsageException {
    try {
      int value = Integer.parseInt(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, as a number out of its range is
    }
    throw new UsageException(name + " must be " + min + " to " + max + ", not " + text);
  }

  /**
   * Says where a server listens, and lets Ctrl-C and SIGTERM shut it down in order.
   *
   * @param server listens
   * @param shutdown shuts the server's loop or loops down, in that time
   */
  public void started(TcpServer server, Function<Duration, CompletionStage<?>> shutdown) {
    var address = (InetSocketAddress) server.localAddress();
    System.out.println(
        "listening on " + address.getAddress().getHostAddress() + ":" + address.getPort());
    System.out.flush();
    // The virtual machine ends when this has.
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> shutdown.apply(GRACE).toCompletableFuture().join()));
  }
}
