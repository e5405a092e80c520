package mill.sim.plants;

import java.io.PrintStream;
import java.util.List;
import java.util.stream.Stream;
import mill.sim.SimFailure;
import mill.sim.programs.Programs;

/** Prints which program finds what is wrong with mill, and with which seed. */
final class FirstFailure {
  /** Instead of a program's name and a seed, if none does. */
  static final String NONE = "none | -";

  private static final int SHOWN = 110;

  private FirstFailure() {}

  public static void main(String[] args) {
    PrintStream out = System.out;
    List<Programs> programs = Stream.of(args).skip(1).map(Programs::valueOf).toList();
    out.println(find(Long.parseLong(args[0]), programs));
    System.exit(0); // also if a bug has left threads behind
  }

  private static String find(long seeds, List<Programs> programs) {
    for (Programs program : programs) {
      long first = 1;
      long slow = 0; // the seed that was too slow last
      while (first <= seeds) {
        try {
          var _ = program.unexpecting(seeds - first + 1).from(first).run(program.scenario());
          first = seeds + 1;
        } catch (SimFailure failure) {
          boolean tooSlow =
              String.valueOf(failure.getCause().getMessage()).contains("of real time");
          if (!tooSlow || failure.seed() == slow) {
            return program + " | " + failure.seed() + " | " + shown(failure.getCause());
          }
          first = failure.seed(); // once, the machine may have been busy
          slow = first;
        }
      }
    }
    return NONE + " | all " + seeds + " seeds pass";
  }

  private static String shown(Throwable cause) {
    String message = cause instanceof AssertionError ? cause.getMessage() : cause.toString();
    String line = message.lines().findFirst().orElse("").replace('|', '/');
    return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "…";
  }
}
