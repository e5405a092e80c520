package mill.sim.plants;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import mill.sim.SimReport;
import mill.sim.programs.Programs;

/**
 * Prints what a release says of its simulations: {@code ReleaseNote 1000000 2000} runs each program
 * with a million seeds, and plants the bugs. Fails with the first seed that does. What the models
 * and jcstress found is what their last runs in this checkout have left.
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
    System.out.println("models of the lock-free parts: " + models());
    System.out.println("jcstress: " + jcstress());
    System.out.println();
    RunPlants.main(new String[] {Long.toString(plantSeeds)});
  }

  private static String models() throws IOException {
    Path reports = Plant.root().resolve("mill.modelcheck/target/surefire-reports");
    if (!Files.isDirectory(reports)) {
      return "not run in this checkout";
    }
    int[] totals = new int[3];
    try (DirectoryStream<Path> files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
      for (Path file : files) {
        String text = Files.readString(file);
        totals[0] += attribute(text, "tests");
        totals[1] += attribute(text, "failures") + attribute(text, "errors");
        totals[2] += attribute(text, "skipped");
      }
    }
    return "%d tests, %d failed, %d skipped".formatted(totals[0], totals[1], totals[2]);
  }

  private static int attribute(String report, String name) {
    Matcher found = Pattern.compile("<testsuite[^>]*\\s" + name + "=\"(\\d+)\"").matcher(report);
    if (!found.find()) {
      throw new IllegalStateException("a report of tests without " + name);
    }
    return Integer.parseInt(found.group(1));
  }

  // One page for each test, beside the index, which names what is forbidden or failed.
  private static String jcstress() throws IOException {
    Path pages = Plant.root().resolve("mill.modelcheck/target/jcstress");
    if (!Files.exists(pages.resolve("index.html"))) {
      return "not run in this checkout";
    }
    try (Stream<Path> files = Files.list(pages)) {
      long tests =
          files.filter(page -> page.getFileName().toString().startsWith("mill.modelcheck")).count();
      return tests + " tests, their outcomes in " + Plant.root().relativize(pages);
    }
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
