package mill.sim.plants;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Plants each bug of {@link Plants} and {@link NetPlants} in mill, and looks with which seed a
 * program finds it: {@code RunPlants 2000 throttle} plants those that have {@code throttle} in
 * their names or files. Prints a table, and fails if one is not found. On the class path, so that a
 * bug's class is found before mill's.
 */
final class RunPlants {
  private static final long MAX_MINUTES = 10;

  private RunPlants() {}

  public static void main(String[] args) throws Exception {
    long seeds = args.length > 0 ? Long.parseLong(args[0]) : 2_000;
    String named = args.length > 1 ? args[1] : "";
    List<Plant> plants =
        Stream.of(Plants.ALL, NetPlants.ALL)
            .flatMap(List::stream)
            .filter(one -> one.name().contains(named) || one.source().contains(named))
            .toList();
    int found = 0;
    System.out.println("| planted bug | program | first seed | how it shows |");
    System.out.println("| --- | --- | --- | --- |");
    for (Plant plant : plants) {
      String outcome = run(plant, seeds);
      System.out.println("| " + plant.name() + " | " + outcome + " |");
      if (!outcome.startsWith(FirstFailure.NONE)) {
        found++;
      }
    }
    System.out.printf("%n%d of %d found within %d seeds%n", found, plants.size(), seeds);
    if (found < plants.size()) {
      System.exit(1);
    }
  }

  private static String run(Plant plant, long seeds) throws Exception {
    Path folder = Files.createTempDirectory("mill-plant");
    try {
      compile(plant, folder);
      return firstFailure(plant, folder, seeds);
    } finally {
      delete(folder);
    }
  }

  private static void compile(Plant plant, Path folder) throws IOException {
    Path file = folder.resolve(Path.of(plant.source()).getFileName());
    Files.writeString(file, plant.planted());
    var complaints = new StringWriter();
    var writer = new PrintWriter(complaints);
    String classPath = System.getProperty("java.class.path");
    int exit =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                writer,
                writer,
                "-proc:none",
                "-nowarn",
                "-cp",
                classPath,
                "-d",
                folder.toString(),
                file.toString());
    if (exit != 0) {
      throw new AssertionError("does not compile: " + plant + "\n" + complaints);
    }
  }

  private static String firstFailure(Plant plant, Path folder, long seeds) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    String logging = System.getProperty("java.util.logging.config.file");
    if (logging != null) {
      command.add("-Djava.util.logging.config.file=" + logging);
    }
    String classPath = System.getProperty("java.class.path");
    command.addAll(List.of("-cp", folder + System.getProperty("path.separator") + classPath));
    command.addAll(List.of(FirstFailure.class.getName(), Long.toString(seeds)));
    plant.programs().forEach(program -> command.add(program.name()));
    Path said = folder.resolve("said");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(said.toFile())
            .redirectError(Redirect.DISCARD)
            .start();
    if (!process.waitFor(MAX_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
      return FirstFailure.NONE + " | not done in " + MAX_MINUTES + " minutes";
    }
    String text = Files.readString(said, StandardCharsets.UTF_8).strip();
    return text.substring(text.lastIndexOf('\n') + 1);
  }

  private static void delete(Path folder) throws IOException {
    List<Path> inside;
    try (var all = Files.walk(folder)) {
      inside = new ArrayList<>(all.toList());
    }
    for (Path path : inside.reversed()) {
      Files.delete(path);
    }
  }
}
