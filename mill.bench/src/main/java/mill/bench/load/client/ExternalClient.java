package mill.bench.load.client;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Clients of others' making: their command lines, and what they print. */
final class ExternalClient {
  private static final int RESP_COMMANDS = 3; // PING, SET, GET
  private static final int RESP_PER_SECOND = 20_000; // of each, so that a slice takes its time

  private ExternalClient() {}

  static List<String> command(Workload workload, int port, double seconds) {
    if (isWrk(workload)) {
      long whole = Math.max(1, Math.round(seconds));
      // The id of either is the scheme as well.
      String url = workload.id() + "://127.0.0.1:" + port + '/';
      return List.of("wrk", "-t", "1", "-c", "64", "-d", whole + "s", "--latency", url);
    }
    int pipeline = workload == Workload.RESP_16 ? 16 : 1;
    long requests = requests(workload, seconds);
    return List.of(
        "redis-benchmark",
        "-p",
        Integer.toString(port),
        "-c",
        "50",
        "-P",
        Integer.toString(pipeline),
        "-n",
        Long.toString(requests),
        "-t",
        "ping_mbulk,set,get",
        "-r",
        "10000",
        "--csv");
  }

  private static boolean isWrk(Workload workload) {
    return workload == Workload.HTTP || workload == Workload.HTTPS;
  }

  private static long requests(Workload workload, double seconds) {
    double each = RESP_PER_SECOND * seconds * (workload == Workload.RESP_16 ? 8 : 1);
    return Math.max(1000, (long) each);
  }

  /** Adds what the client has printed: how many messages, and its percentiles. */
  static void read(Workload workload, List<String> lines, double seconds, Sample sample) {
    if (isWrk(workload)) {
      readWrk(lines, sample);
    } else {
      sample.put("messages", (double) RESP_COMMANDS * requests(workload, seconds));
      readRedis(lines, sample);
    }
  }

  static void readWrk(List<String> lines, Sample sample) {
    for (String line : lines) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length >= 3 && words[1].equals("requests") && words[2].equals("in")) {
        sample.put("messages", Double.parseDouble(words[0]));
      } else if (words.length == 2 && words[0].equals("50%")) {
        sample.put("p50_ns", nanoseconds(words[1]));
      } else if (words.length == 2 && words[0].equals("99%")) {
        sample.put("p99_ns", nanoseconds(words[1]));
      } else if (line.contains("Non-2xx") || line.contains("Socket errors")) {
        sample.put("errors", 1);
      }
    }
  }

  /**
   * With {@code --csv}: test, rps, average, min, p50, p95, p99, max, in milliseconds. GET counts.
   */
  static void readRedis(List<String> lines, Sample sample) {
    Optional<String> get = lines.stream().filter(line -> line.startsWith("\"GET\"")).findFirst();
    if (get.isPresent()) {
      String[] cells = get.get().replace("\"", "").split(",", -1);
      sample.put("p50_ns", Double.parseDouble(cells[4]) * 1e6);
      sample.put("p99_ns", Double.parseDouble(cells[6]) * 1e6);
    }
  }

  private static double nanoseconds(String text) {
    String unit = text.replaceAll("[0-9.]", "").toLowerCase(Locale.ROOT);
    double number = Double.parseDouble(text.substring(0, text.length() - unit.length()));
    return switch (unit) {
      case "us" -> number * 1e3;
      case "ms" -> number * 1e6;
      case "s" -> number * 1e9;
      default -> throw new IllegalArgumentException("wrk has told a time in " + unit);
    };
  }
}
