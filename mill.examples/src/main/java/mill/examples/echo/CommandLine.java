package mill.examples.echo;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Reads the command line. */
final class CommandLine {
  static final String USAGE =
      """
      mill-echo drives its own echo server for some seconds and tells what it measured.

        --seconds N       how long to measure (10)
        --warmup N        at least so many seconds for the compilers to settle first (3)
        --connections N   how many connections (64)
        --size BYTES      the size of a message (64)
        --pipeline N      how many messages of a connection are under way (1)
        --no-pin          leave server and load generator to the scheduler

      mill-echo --serve --port N just serves, until Ctrl-C.

        --port N          the port; 0 lets the system choose
        --host ADDRESS    the address to listen on (127.0.0.1)
        --cpu N           the processor to run on (any)
        --child           end when stdin ends
        --once            echo one message of its own and end: does mill work here?

        --help            show this
      """;

  private static final Set<String> SERVE_VALUES = Set.of("--port", "--host", "--cpu");
  private static final Set<String> SERVE_FLAGS = Set.of("--serve", "--child", "--once");
  private static final Set<String> DRIVE_VALUES =
      Set.of("--seconds", "--warmup", "--connections", "--size", "--pipeline");
  private static final Set<String> DRIVE_FLAGS = Set.of("--no-pin");

  private static final int MAX_CPUS = 1024;

  private final Map<String, String> given = new HashMap<>();

  private CommandLine() {}

  static Command parse(String... args) throws DemoFailure {
    var line = new CommandLine();
    line.collect(args);
    if (line.has("--help")) {
      return new Command.Help();
    }
    return line.has("--serve") ? line.serve() : line.drive();
  }

  private void collect(String[] args) throws DemoFailure {
    for (int i = 0; i < args.length; i++) {
      String name = args[i];
      if (name.equals("--help") || SERVE_FLAGS.contains(name) || DRIVE_FLAGS.contains(name)) {
        given.put(name, "");
      } else if (SERVE_VALUES.contains(name) || DRIVE_VALUES.contains(name)) {
        if (i + 1 == args.length) {
          throw DemoFailure.usage(name + " needs a value");
        }
        given.put(name, args[++i]);
      } else {
        throw DemoFailure.usage("unknown argument " + name + ": --help lists what there is");
      }
    }
  }

  private Command serve() throws DemoFailure {
    refuse(DRIVE_VALUES, "has no meaning with --serve");
    refuse(DRIVE_FLAGS, "has no meaning with --serve");
    if (!has("--port") && !has("--once")) {
      throw DemoFailure.usage("--serve needs --port, 0 lets the system choose");
    }
    return new Command.Serve(
        given.getOrDefault("--host", "127.0.0.1"),
        number("--port", 0, 0, 65_535),
        number("--cpu", Command.ANY_CPU, 0, MAX_CPUS - 1),
        has("--child"),
        has("--once"));
  }

  private Command drive() throws DemoFailure {
    refuse(SERVE_VALUES, "has no meaning without --serve");
    refuse(SERVE_FLAGS, "has no meaning without --serve");
    return new Command.Drive(
        number("--seconds", 10, 1, 86_400),
        number("--warmup", 3, 0, 600),
        number("--connections", 64, 1, 10_000),
        number("--size", 64, 1, 1 << 20),
        number("--pipeline", 1, 1, 1024),
        !has("--no-pin"));
  }

  private boolean has(String name) {
    return given.containsKey(name);
  }

  private void refuse(Set<String> names, String why) throws DemoFailure {
    for (String name : names) {
      if (has(name)) {
        throw DemoFailure.usage(name + " " + why);
      }
    }
  }

  private int number(String name, int otherwise, int min, int max) throws DemoFailure {
    String text = given.get(name);
    if (text == null) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, as a number out of its range is
    }
    throw DemoFailure.usage(name + " must be " + min + " to " + max + ", not " + text);
  }
}
