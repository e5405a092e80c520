package mill.bench.load;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mill.bench.load.client.Workload;
import mill.bench.load.peer.Layout;
import mill.bench.load.peer.Peers;

/** What the command line asks for. */
final class LoadOptions {
  static final String START = "start";
  static final String CHECK = "--check";

  static final String USAGE =
      """
      The load harness measures servers under load, each in a process of its own, in pairs with a
      server in C. It writes results.json, results.md and chart.svg.

        --quick          about two minutes: three workloads, the most important peers
        --check          a minute: is mill still what it was, beside nio? ends with 1 if not
        --workloads A,B  only these: %s, start
        --peers A,B      only these: %s
        --rounds N       how often each peer has its turn (8; quick 3)
        --seconds S      the measured time of a slice (2; quick 0.7)
        --warm S         the load before the first round (4; quick 2)
        --minutes M      no slice begins later than this (90; quick 3)
        --others P       a slice is thrown away if others had more percent of the time
                         (5; check 20)
        --stolen P       or if the host took more (3)
        --retries N      how often it is repeated then (2)
        --server-cpu N   the processor of the servers (the first)
        --client-cpu N   the processor of the load generator (the second)
        --output DIR     where the results go
        --list           show who and what there is here
        --help           show this
      """
          .formatted(
              String.join(", ", Arrays.stream(Workload.values()).map(Workload::id).toList()),
              String.join(", ", Peers.ALL));

  private static final List<String> FLAGS = List.of("--quick", CHECK, "--list", "--help");
  private static final List<String> VALUES =
      List.of(
          "--workloads",
          "--peers",
          "--rounds",
          "--seconds",
          "--warm",
          "--minutes",
          "--others",
          "--stolen",
          "--retries",
          "--server-cpu",
          "--client-cpu",
          "--output",
          "--sources",
          "--modules",
          "--servers",
          "--lib");

  private static final List<String> PATHS =
      List.of("--output", "--sources", "--modules", "--servers", "--lib");

  private static final List<String> QUICK_WORKLOADS = List.of("64x64", "1x64", "pipelined");
  private static final List<String> CHECK_WORKLOADS = List.of("64x64", "pipelined");
  private static final List<String> CHECK_PEERS = List.of(Check.BESIDE, Check.CHECKED);
  private static final List<String> QUICK_PEERS =
      List.of("c", "nio", "netty", "mill", "mill-connection");

  private final Map<String, String> given = new LinkedHashMap<>();

  private LoadOptions() {}

  static LoadOptions parse(String[] arguments) throws UsageException {
    var options = new LoadOptions();
    for (int i = 0; i < arguments.length; i++) {
      String name = arguments[i];
      if (FLAGS.contains(name)) {
        options.given.put(name, "");
      } else if (VALUES.contains(name) && i + 1 < arguments.length) {
        options.given.put(name, arguments[++i]);
      } else {
        throw new UsageException("what is " + name + "? --help lists the arguments");
      }
    }
    return options;
  }

  /** Refuses what is not known, before anything is built. */
  void check() throws UsageException {
    var _ = workloads();
    var _ = peers();
  }

  boolean has(String flag) {
    return given.containsKey(flag);
  }

  private boolean isShort() {
    return has("--quick") || has(CHECK);
  }

  double number(String name, double usual, double quick) throws UsageException {
    String text = given.get(name);
    try {
      double number = text == null ? (isShort() ? quick : usual) : Double.parseDouble(text);
      if (number >= 0 && number < 1e6) {
        return number;
      }
    } catch (NumberFormatException e) {
      // falls through to the same answer
    }
    throw new UsageException(name + " takes a number, not " + text);
  }

  int processor(String name, int usual) throws UsageException {
    return (int) number(name, usual, usual);
  }

  /** {@return the workloads of the harness's table, in their order} */
  List<Workload> workloads() throws UsageException {
    List<Workload> chosen = new ArrayList<>();
    for (String id : workloadIds()) {
      if (!id.equals(START)) {
        chosen.add(Workload.of(id).orElseThrow(() -> unknown("workload", id, workloadNames())));
      }
    }
    return chosen;
  }

  /** {@return whether starts are measured} */
  boolean start() {
    return workloadIds().contains(START);
  }

  private static UsageException unknown(String what, String name, List<String> known) {
    return new UsageException(
        "there is no %s %s: choose of %s".formatted(what, name, String.join(", ", known)));
  }

  private static List<String> workloadNames() {
    List<String> all = new ArrayList<>(Arrays.stream(Workload.values()).map(Workload::id).toList());
    all.add(START);
    return all;
  }

  private List<String> workloadIds() {
    List<String> all = workloadNames();
    List<String> few = has(CHECK) ? CHECK_WORKLOADS : QUICK_WORKLOADS;
    return list("--workloads").orElse(isShort() ? few : all);
  }

  /** {@return who takes part} A baseline always does. */
  List<String> peers() throws UsageException {
    List<String> few = has(CHECK) ? CHECK_PEERS : QUICK_PEERS;
    List<String> chosen = list("--peers").orElse(isShort() ? few : Peers.ALL);
    for (String name : chosen) {
      if (!Peers.ALL.contains(name)) {
        throw unknown("peer", name, Peers.ALL);
      }
    }
    return chosen;
  }

  private Optional<List<String>> list(String name) {
    return Optional.ofNullable(given.get(name)).map(text -> List.of(text.split(",", -1)));
  }

  Layout layout() throws UsageException {
    String modules = given.get("--modules");
    String classPath = path("--servers") + File.pathSeparator + path("--lib") + "/*";
    return new Layout(
        Path.of(path("--sources")).toAbsolutePath(),
        modules == null ? null : Path.of(modules).toAbsolutePath(),
        given.containsKey("--lib") ? classPath : path("--servers"),
        Path.of(path("--output")).toAbsolutePath());
  }

  private String path(String name) throws UsageException {
    String path = given.get(name);
    if (path == null && !name.equals("--lib")) {
      throw new UsageException("where is " + name + "? Start it as the README says");
    }
    return path == null ? "" : path;
  }

  /** {@return what was given, but not where things are} */
  @Override
  public String toString() {
    List<String> words = new ArrayList<>();
    given.forEach((name, value) -> {
      if (!PATHS.contains(name)) {
        words.add(value.isEmpty() ? name : name + " " + value);
      }
    });
    return words.isEmpty() ? "none" : String.join(" ", words);
  }
}
