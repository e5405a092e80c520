package mill.bench.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** What the harness runs on. */
final class Machine {
  private Machine() {}

  static Map<String, String> facts() throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", Instant.now().truncatedTo(ChronoUnit.MINUTES).toString());
    facts.put("processor", processor());
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("java", System.getProperty("java.vm.version"));
    return facts;
  }

  private static String processor() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown");
  }

  /** {@return the processors that this process may run on, by number} */
  static List<Integer> allowed() throws IOException {
    String name = "Cpus_allowed_list:";
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name))
        .flatMap(line -> numbers(line.substring(name.length()).strip()).stream())
        .toList();
  }

  /** {@return the numbers of a list such as 0,2-4} */
  static List<Integer> numbers(String list) {
    List<Integer> numbers = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      String[] ends = part.split("-", -1);
      int last = Integer.parseInt(ends[ends.length - 1]);
      for (int number = Integer.parseInt(ends[0]); number <= last; number++) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  /** {@return whether the kernel counts interrupts apart from the processes that they interrupt} */
  static boolean countsInterruptsApart() throws IOException {
    return kernelConfiguration().lines().anyMatch("CONFIG_IRQ_TIME_ACCOUNTING=y"::equals);
  }

  private static String kernelConfiguration() throws IOException {
    Path packed = Path.of("/proc/config.gz");
    if (Files.exists(packed)) {
      try (var in = new GZIPInputStream(Files.newInputStream(packed))) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    }
    Path plain = Path.of("/boot/config-" + System.getProperty("os.version"));
    return Files.isReadable(plain) ? Files.readString(plain) : "";
  }
}
