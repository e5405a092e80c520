package mill.sim.programs;

import java.util.Locale;
import mill.sim.SimReport;

/**
 * Runs programs by hand, through more seeds than the build has time for: {@code RunPrograms GOSSIP
 * 100000 1} is a hundred thousand, from seed 1 on; {@code TORTURE,GOSSIP 1000 1 backwards} are two
 * programs, the last seed first.
 */
final class RunPrograms {
  private RunPrograms() {}

  public static void main(String[] args) {
    long seeds = Long.parseLong(args[1]);
    long first = args.length > 2 ? Long.parseLong(args[2]) : 1;
    for (String name : args[0].split(",", -1)) {
      run(Programs.valueOf(name), seeds, first, args.length > 3);
    }
  }

  private static void run(Programs program, long seeds, long first, boolean backwards) {
    var run = program.unexpecting(seeds).from(first);
    if (backwards) {
      run.backwards();
    }
    long startNs = System.nanoTime();
    SimReport report = run.run(program.scenario());
    System.out.printf(
        Locale.ROOT,
        "%s: %d seeds from %d, hash %016x, %d steps, %s of virtual time, %.1f s%n%s%n",
        program,
        seeds,
        first,
        report.hash(),
        report.steps(),
        report.virtualTime(),
        (System.nanoTime() - startNs) / 1e9,
        report.happened());
  }
}
