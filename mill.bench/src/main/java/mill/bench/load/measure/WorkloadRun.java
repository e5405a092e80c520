package mill.bench.load.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mill.bench.load.client.LoadClient;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;
import mill.bench.load.peer.Peer;
import mill.bench.load.process.ServerProcess;
import mill.bench.load.process.SystemCalls;

/** Measures one workload: all servers up, each warmed, then rounds. */
public final class WorkloadRun {
  /** A peer whose server is up. */
  private record Running(Peer peer, ServerProcess server) {
    String name() {
      return peer.name();
    }
  }

  private final Workload workload;
  private final List<Peer> peers; // the baseline first
  private final LoadClient client;
  private final Plan plan;
  private final Limits limits;
  private final Path log;
  private final PrintStream progress;

  private final Map<String, Running> running = new LinkedHashMap<>();
  private final List<Slice> slices = new ArrayList<>();
  private final Map<String, Map<String, Double>> systemCalls = new TreeMap<>();
  private final Map<String, String> failures = new TreeMap<>();

  /**
   * Prepares it.
   *
   * @param peers who takes part, the baseline first
   * @param log where the servers' errors go
   */
  public WorkloadRun(
      Workload workload,
      List<Peer> peers,
      LoadClient client,
      Plan plan,
      Limits limits,
      Path log,
      PrintStream progress) {
    this.workload = workload;
    this.peers = peers;
    this.client = client;
    this.plan = plan;
    this.limits = limits;
    this.log = log;
    this.progress = progress;
  }

  /**
   * Measures.
   *
   * @param strace whether system calls are counted, at the end
   */
  public Outcome run(boolean strace) throws IOException, InterruptedException {
    progress.print(workload.id() + ": ");
    try {
      for (Peer peer : peers) {
        startAndWarm(peer);
      }
      rounds();
      // Opening ten thousand connections would drown what the messages cost.
      if (strace && workload != Workload.IDLE) {
        for (Running one : running.values()) {
          countSystemCalls(one);
        }
      }
    } finally {
      for (Running one : running.values()) {
        one.server().close();
      }
      progress.println();
    }
    String baseline = peers.getFirst().name();
    List<String> ran = peers.stream().map(Peer::name).toList();
    return new Outcome(workload, baseline, ran, slices, systemCalls, failures);
  }

  private void startAndWarm(Peer peer) throws IOException, InterruptedException {
    try {
      ServerProcess server = ServerProcess.start(peer.command(), log);
      running.put(peer.name(), new Running(peer, server));
      var time = new LoadClient.SliceTime(0, workload.warmUps() * plan.warmUp());
      var _ = client.run(workload, server, time, peer.tellsAllocation());
    } catch (IOException e) {
      fail(peer.name(), e);
    }
  }

  private void fail(String peer, IOException e) throws IOException {
    failures.put(peer, String.valueOf(e.getMessage()));
    progress.print("[" + peer + ": " + e.getMessage() + "] ");
    Running one = running.remove(peer);
    if (one != null) {
      one.server().close();
    }
  }

  private void rounds() throws IOException, InterruptedException {
    String baseline = peers.getFirst().name();
    for (int round = 0; round < plan.rounds() && !plan.isOver(); round++) {
      List<String> others =
          running.keySet().stream().filter(name -> !name.equals(baseline)).toList();
      for (String peer : Schedule.round(baseline, others, round)) {
        Running one = running.get(peer);
        if (one != null && !plan.isOver()) {
          slice(one, round);
        }
      }
      progress.print('.');
      progress.flush();
    }
  }

  private void slice(Running one, int round) throws IOException, InterruptedException {
    boolean tells = one.peer().tellsAllocation();
    try {
      for (int attempt = 0; attempt <= plan.retries(); attempt++) {
        Sample sample = client.run(workload, one.server(), plan.slice(), tells);
        String verdict = limits.verdict(sample);
        slices.add(new Slice(workload, one.name(), round, slices.size(), sample, verdict));
        if (verdict.isEmpty() || plan.isOver()) {
          return;
        }
        progress.print('x');
      }
    } catch (IOException e) {
      fail(one.name(), e);
    }
  }

  private void countSystemCalls(Running one) throws InterruptedException {
    try (SystemCalls calls = SystemCalls.of(one.server().pid())) {
      var time = new LoadClient.SliceTime(0, Math.min(1, plan.slice().seconds()));
      Sample sample = client.run(workload, one.server(), time, false);
      Map<String, Double> perMessage = new TreeMap<>();
      calls
          .counted()
          .forEach((name, count) -> perMessage.put(name, count / sample.get("messages")));
      systemCalls.put(one.name(), perMessage);
    } catch (IOException e) {
      progress.print("[strace of " + one.name() + ": " + e.getMessage() + "] ");
    }
  }
}
