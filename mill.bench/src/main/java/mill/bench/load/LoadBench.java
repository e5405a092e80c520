package mill.bench.load;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mill.bench.load.client.LoadClient;
import mill.bench.load.client.Workload;
import mill.bench.load.measure.Limits;
import mill.bench.load.measure.MemoryRun;
import mill.bench.load.measure.Outcome;
import mill.bench.load.measure.Plan;
import mill.bench.load.measure.Slice;
import mill.bench.load.measure.StartRun;
import mill.bench.load.measure.WorkloadRun;
import mill.bench.load.peer.Layout;
import mill.bench.load.peer.Peer;
import mill.bench.load.peer.Peers;
import mill.bench.load.peer.Programs;
import mill.bench.load.peer.StartPeers;
import mill.bench.load.report.Report;
import mill.bench.load.report.Tables;

/** The load harness: {@code --help} lists its arguments. */
public final class LoadBench {
  private final LoadOptions options;
  private final PrintStream out;
  private final Layout layout;
  private final Programs programs;
  private final Peers peers;
  private final LoadClient client;
  private final Path log;
  private final Report report;

  private LoadBench(LoadOptions options, PrintStream out)
      throws IOException, InterruptedException, UsageException {
    this.options = options;
    this.out = out;
    layout = options.layout();
    log = layout.output().resolve("servers.log");
    programs = new Programs(layout);
    List<Integer> allowed = Machine.allowed();
    int serverCpu = options.processor("--server-cpu", allowed.getFirst());
    int clientCpu = options.processor("--client-cpu", allowed.get(Math.min(1, allowed.size() - 1)));
    int secondCpu = secondCpu(allowed, serverCpu, clientCpu);
    peers = new Peers(layout, programs, serverCpu, secondCpu);
    client = new LoadClient(programs.load(), log, serverCpu, clientCpu);
    report = Report.begin(Machine.facts());
    report.machine().put("pinned", "servers to " + serverCpu + ", load to " + clientCpu);
    report.machine().put("arguments", options.toString());
    if (serverCpu == clientCpu) {
      noteMissing("a second processor", "servers and load share one: nothing here can be trusted");
    } else if (secondCpu == clientCpu && options.workloads().contains(Workload.LOOPS)) {
      noteMissing(
          "a third processor",
          "one of two loops shares the load's: trust their CPU per message, not their throughput");
    }
  }

  /** Where the second loop goes: a processor of its own, if there is one. */
  private static int secondCpu(List<Integer> allowed, int serverCpu, int clientCpu) {
    return allowed.stream()
        .filter(cpu -> cpu != serverCpu && cpu != clientCpu)
        .findFirst()
        .orElse(clientCpu);
  }

  /**
   * Measures, and ends with 1 if a bound of {@code --check} is broken, with 2 if the caller must
   * change something.
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    try {
      Report report = run(arguments, System.out);
      if (!report.broken().isEmpty()) {
        System.err.println("load: broken: " + String.join("\n  ", report.broken()));
        System.exit(1);
      }
    } catch (UsageException e) {
      System.err.println("load: " + e.getMessage());
      System.exit(2);
    }
  }

  /**
   * Measures.
   *
   * @return what was found; empty if nothing was to be measured
   */
  static Report run(String[] arguments, PrintStream out)
      throws IOException, InterruptedException, UsageException {
    LoadOptions options = LoadOptions.parse(arguments);
    if (options.has("--help")) {
      out.print(LoadOptions.USAGE);
      return Report.begin(Machine.facts());
    }
    options.check();
    var bench = new LoadBench(options, out);
    if (options.has(LoadOptions.CHECK)) {
      bench.check();
      return bench.report;
    }
    bench.prepare();
    if (!options.has("--list")) {
      bench.measure();
      bench.report.write(bench.layout.output());
    }
    out.print(Tables.of(bench.report));
    return bench.report;
  }

  private void prepare() throws IOException, InterruptedException, UsageException {
    programs.buildC();
    if (options.peers().stream().anyMatch(Peers::isRust)) {
      programs.buildRust();
    }
    programs.look(List.of("strace", "wrk", "redis-benchmark", "redis-server"));
    if (options.workloads().contains(Workload.HTTPS)) {
      programs.prepareHttps();
    }
    for (Workload workload : options.workloads()) {
      workload.externalClient().ifPresent(client -> noteMissing(client, programs.missing(client)));
      noteMissing(workload.id(), programs.missing(workload.id()));
      for (Peer peer : peers.of(workload)) {
        if (options.peers().contains(peer.name())) {
          noteMissing(peer.name(), peer.missing());
        }
      }
    }
    noteMissing("strace", programs.missing("strace"));
  }

  private void noteMissing(String name, String why) {
    if (!why.isEmpty()) {
      report.missing().put(name, why);
    }
  }

  /** A machine that cannot measure breaks nothing, and says so. */
  private void check() throws IOException, InterruptedException, UsageException {
    if (Machine.allowed().size() < 2) {
      out.println("nothing was checked: servers and load need a processor each");
      return;
    }
    try {
      prepare();
    } catch (UsageException e) {
      out.println("nothing was checked: " + e.getMessage());
      return;
    }
    report.missing().forEach((name, why) -> out.println(name + " is missing: " + why));
    report.broken().addAll(new Check(this::checked, out).run(options.workloads()));
  }

  private Outcome checked(Workload workload, int attempt)
      throws IOException, InterruptedException, UsageException {
    List<String> names = options.peers();
    List<Peer> both =
        chosen(workload).stream().filter(peer -> names.contains(peer.name())).toList();
    Plan plan = plan(options.number("--rounds", 5, 5), attempt);
    Outcome outcome = outcome(workload, both, plan);
    out.println(Tables.ofOne(outcome));
    return outcome;
  }

  private void measure() throws IOException, InterruptedException, UsageException {
    Plan plan = plan(options.number("--rounds", 8, 3), 1);
    for (Workload workload : options.workloads()) {
      if (plan.isOver()) {
        noteMissing(workload.id(), "the time was over: see --minutes");
        continue;
      }
      measure(workload, plan);
      report.write(layout.output()); // what there is, should somebody end it
    }
    if (options.workloads().contains(Workload.IDLE) && !plan.isOver()) {
      List<Peer> chosen = chosen(Workload.IDLE);
      report.memory().addAll(new MemoryRun(client, log, out).run(chosen));
    }
    if (options.start() && !plan.isOver()) {
      measureStarts();
    }
  }

  private void measure(Workload workload, Plan plan)
      throws IOException, InterruptedException, UsageException {
    if (!programs.missing(workload.externalClient().orElse("")).isEmpty()
        || !programs.missing(workload.id()).isEmpty()) {
      return; // it is among the missing
    }
    List<Peer> chosen = chosen(workload);
    if (chosen.isEmpty()) {
      noteMissing(workload.id(), "none of the peers takes part");
      return;
    }
    Outcome outcome = outcome(workload, chosen, plan);
    report.outcomes().add(outcome);
    if (outcome.slices().stream().noneMatch(Slice::counts)) {
      noteMissing(workload.id(), "the machine was busy otherwise all the time: see --others");
    }
    outcome.failures().forEach((peer, why) -> noteMissing(peer + " in " + workload.id(), why));
    out.println(Tables.ofOne(outcome));
  }

  private Outcome outcome(Workload workload, List<Peer> chosen, Plan plan)
      throws IOException, InterruptedException, UsageException {
    return new WorkloadRun(workload, chosen, client, plan, limits(), log, out)
        .run(programs.missing("strace").isEmpty());
  }

  private void measureStarts() throws IOException, InterruptedException, UsageException {
    var run = new StartRun(programs.load(), out);
    List<Peer> able = new ArrayList<>();
    for (Peer peer : new StartPeers(layout, programs).prepare(run::start)) {
      noteMissing("start of " + peer.name(), peer.missing());
      if (peer.missing().isEmpty()) {
        able.add(peer);
      }
    }
    int times = (int) options.number("--rounds", 11, 3);
    report.starts().addAll(run.run(able, Math.max(1, times)));
  }

  /** The baseline takes part whoever was chosen; if it is missing the next one is the baseline. */
  private List<Peer> chosen(Workload workload) throws IOException, UsageException {
    List<Peer> all = peers.of(workload);
    List<Peer> chosen = new ArrayList<>();
    for (Peer peer : all) {
      boolean wanted = options.peers().contains(peer.name()) || peer.equals(all.getFirst());
      if (wanted && peer.missing().isEmpty()) {
        chosen.add(peer);
      }
    }
    return chosen;
  }

  private Plan plan(double rounds, int warmUps) throws UsageException {
    double seconds = options.number("--seconds", 2, 0.7);
    double minutes = options.number("--minutes", 90, 3);
    return new Plan(
        (int) rounds,
        warmUps * options.number("--warm", 4, 2),
        new LoadClient.SliceTime(Math.min(0.3, seconds / 3), seconds),
        (int) options.number("--retries", 2, 1),
        System.nanoTime() + (long) (minutes * TimeUnit.MINUTES.toNanos(1)));
  }

  private Limits limits() throws IOException, UsageException {
    // A server that takes thrice the time leaves the load generator idle again and again, and what
    // falling asleep and waking cost the kernel counts as others': 8 % were seen.
    double others = options.has(LoadOptions.CHECK) ? 20 : 5;
    return new Limits(
        options.number("--others", others, others) / 100,
        options.number("--stolen", 3, 3) / 100,
        Machine.countsInterruptsApart());
  }
}
