import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs the commands of a Markdown page as they stand there, one after the other in one shell, from
 * the top of the repository. A comment before a code block says what it is:
 *
 * <pre>
 * &lt;!-- run: name --&gt;                 commands; nothing may fail or warn
 * &lt;!-- run: name; needs tool 1.2 --&gt; the same, skipped where there is no such tool on the path
 * &lt;!-- file: path --&gt;                a file for the commands that follow
 * &lt;!-- prints --&gt;                    lines that the commands before it print; an @ ends a line early
 * </pre>
 *
 * <p>A block of commands that has no such comment is an error, so that none escapes. Maven installs
 * into a repository of its own, which lends what the usual one has.
 *
 * <pre>java .mvn/RunPage.java docs/running.md</pre>
 */
final class RunPage {
  private static final Pattern BLOCK =
      Pattern.compile("(?m)^(?:<!-- (.*) -->\\n)?```(\\w*)\\n((?s:.*?))^```$");
  private static final Pattern RUN = Pattern.compile("run: ([^;]+)(?:; needs (\\S+)(?: (\\S+))?)?");
  private static final long TIMEOUT_MINUTES = 15;

  private final Path page;
  private final Path work;
  private final StringBuilder script = new StringBuilder();
  private final List<Step> steps = new ArrayList<>();

  /** What one block of commands is called and what it has to print. */
  private static final class Step {
    final String name;
    final int number;
    String expected = "";

    Step(String name, int number) {
      this.name = name;
      this.number = number;
    }
  }

  private RunPage(Path page, Path work) {
    this.page = page;
    this.work = work;
  }

  public static void main(String[] arguments) throws Exception {
    if (Runtime.version().feature() < 25) {
      System.err.println(
          "RunPage needs Java 25, for its commands do; this is " + Runtime.version());
      System.exit(2);
    }
    Path work = Files.createTempDirectory("run-page");
    boolean good;
    try {
      RunPage run = new RunPage(Path.of(arguments[0]), work);
      run.read();
      good = run.run();
    } finally {
      delete(work);
    }
    System.exit(good ? 0 : 1);
  }

  private void read() throws IOException {
    script.append("set -euo pipefail\n");
    Matcher block = BLOCK.matcher(Files.readString(page));
    while (block.find()) {
      String comment = block.group(1) == null ? "" : block.group(1);
      Matcher run = RUN.matcher(comment);
      if (run.matches()) {
        addCommands(run, block.group(3));
      } else if (comment.startsWith("file: ")) {
        addFile(comment.substring("file: ".length()), block.group(3));
      } else if (comment.equals("prints")) {
        steps.get(steps.size() - 1).expected = block.group(3);
      } else if (block.group(2).equals("sh") || !comment.isEmpty()) {
        throw new IllegalArgumentException(
            "%s: say how to run <%s>:%n%s".formatted(page, comment, block.group(3)));
      }
    }
    if (steps.isEmpty()) {
      throw new IllegalArgumentException(page + " has no commands");
    }
  }

  /** The commands run in the shell itself, so that a {@code cd} holds for those that follow. */
  private void addCommands(Matcher run, String commands) {
    Step step = new Step(run.group(1), steps.size());
    steps.add(step);
    String tool = run.group(2);
    String least = run.group(3) == null ? "0" : run.group(3);
    script.append("SECONDS=0 missing=\n");
    if (tool != null) {
      script.append(
          """
          if ! command -v %1$s >/dev/null; then
            missing="there is no %1$s on the path"
          else
            found=$(%1$s --version </dev/null 2>&1 | grep -oE '[0-9]+([.][0-9]+)+' | head -n 1 || true)
            if [ "$(printf '%%s\\n' %2$s "${found:-0}" | sort -V | head -n 1)" != %2$s ]; then
              missing="it needs %1$s %2$s, and this is ${found:-of no known version}"
            fi
          fi
          """
              .formatted(tool, least));
    }
    script.append(
        """
        if [ -n "$missing" ]; then
          echo "skipped: %1$s: %2$s: $missing"
          echo >"%3$s.skipped"
        else
          echo >"%3$s.begun"
          {
        %4$s
          } >"%3$s.out" 2>"%3$s.err" </dev/null
          echo >"%3$s.ended"
          echo "%1$s: %2$s: ran, $SECONDS s"
        fi
        """
            .formatted(page, step.name, work.resolve("step" + step.number), commands));
  }

  private void addFile(String path, String text) {
    script.append(
        "mkdir -p \"$(dirname %1$s)\"%ncat >%1$s <<'END OF FILE'%n%2$sEND OF FILE%n"
            .formatted(path, text));
  }

  private boolean run() throws Exception {
    Path file = Files.writeString(work.resolve("script"), script);
    ProcessBuilder shell = new ProcessBuilder("bash", file.toString()).inheritIO();
    String java = System.getProperty("java.home");
    shell.environment().put("JAVA_HOME", java);
    shell.environment().merge("PATH", java + "/bin", (path, bin) -> bin + ":" + path);
    shell.environment().put("MAVEN_ARGS", mavenArguments());
    Process process = shell.start();
    boolean ended = process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      Stream.concat(process.descendants(), Stream.of(process.toHandle()))
          .forEach(ProcessHandle::destroyForcibly);
      process.waitFor();
    }
    boolean good = ended && process.exitValue() == 0;
    for (Step step : steps) {
      good &= check(step);
    }
    if (!good) {
      System.err.println(page + ": failed" + (ended ? "" : ", it took too long"));
    }
    return good;
  }

  /** What is installed here must not replace what the user has installed. */
  private String mavenArguments() {
    Matcher given =
        Pattern.compile("-Dmaven\\.repo\\.local=(\\S+)")
            .matcher(System.getenv().getOrDefault("MAVEN_OPTS", ""));
    String usual =
        given.find() ? given.group(1) : System.getProperty("user.home") + "/.m2/repository";
    return "-B -ntp -Dmaven.repo.local=%s -Dmaven.repo.local.tail=%s"
        .formatted(work.resolve("repository"), usual);
  }

  private boolean check(Step step) throws IOException {
    if (!Files.exists(output(step, "begun"))) {
      return Files.exists(output(step, "skipped"));
    }
    String out = Files.readString(output(step, "out"));
    String err = Files.readString(output(step, "err"));
    String problem = "";
    if (!Files.exists(output(step, "ended"))) {
      problem = "failed";
    } else if (Stream.of(out, err).flatMap(String::lines).anyMatch(RunPage::isWarning)) {
      problem = "warned";
    } else if (!prints(out, step.expected)) {
      problem = "did not print what the page says";
    }
    if (!problem.isEmpty()) {
      System.err.printf("%s: %s %s:%n%s%s", page, step.name, problem, out, err);
    }
    return problem.isEmpty();
  }

  private Path output(Step step, String kind) {
    return work.resolve("step" + step.number + "." + kind);
  }

  private static boolean isWarning(String line) {
    return line.startsWith("WARNING") || line.startsWith("[WARNING]");
  }

  private static boolean prints(String output, String expected) {
    if (expected.isEmpty()) {
      return true;
    }
    List<String> lines = output.lines().toList();
    List<String> wanted = expected.lines().toList();
    if (lines.size() != wanted.size()) {
      return false;
    }
    for (int i = 0; i < lines.size(); i++) {
      String want = wanted.get(i);
      if (want.endsWith("@") ? !lines.get(i).startsWith(want) : !lines.get(i).equals(want)) {
        return false;
      }
    }
    return true;
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = new ArrayList<>(walk.toList());
    }
    for (int i = files.size() - 1; i >= 0; i--) {
      Files.delete(files.get(i));
    }
  }
}
