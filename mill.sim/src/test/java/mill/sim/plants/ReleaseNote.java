package mill.sim.plants;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import mill.sim.SimReport;
import mill.sim.programs.Programs;

/**
 * Prints what a release says of its simulations: {@code ReleaseNote 1000000 2000} runs each program
 * with a million seeds, and plants the bugs. Fails with the first seed that does.
 */
final class ReleaseNote {
  private ReleaseNote() {}

  public static void main(String[] args) throws Exception {
    long seeds = args.length > 0 ? Long.parseLong(args[0]) : 10_000;
    long plantSeeds = args.length > 1 ? Long.parseLong(args[1]) : 2_000;
    System.out.println("mill " + git("rev-parse", "HEAD") + changes());
    System.out.printf(
        "JVM %s %s, %s %s%n",
        System.getProperty("java.vm.name"),
        System.getProperty("java.vm.version"),
        System.getProperty("os.name"),
        System.getProperty("os.arch"));
    for (Programs program : Programs.values()) {
      long startNs = System.nanoTime();
      SimReport report = program.unexpecting(seeds).run(program.scenario());
      System.out.printf(
          Locale.ROOT,
          "%s: %d seeds clean, hash of hashes %016x, %d steps, %.0f s%n",
          program,
          seeds,
          report.hash(),
          report.steps(),
          (System.nanoTime() - startNs) / 1e9);
    }
    System.out.println();
    RunPlants.main(new String[] {Long.toString(plantSeeds)});
  }

  private static String changes() throws Exception {
    return git("status", "--porcelain").isEmpty() ? "" : ", with changes";
  }

  private static String git(String... arguments) throws IOException, InterruptedException {
    var command = new java.util.ArrayList<>(java.util.List.of("git"));
    command.addAll(java.util.List.of(arguments));
    Process process = new ProcessBuilder(command).directory(Plant.root().toFile()).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said.strip();
  }
}
