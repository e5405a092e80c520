package mill.bench.load.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import mill.bench.load.measure.MemoryOutcome;
import mill.bench.load.measure.Outcome;
import mill.bench.load.measure.Quartiles;
import mill.bench.load.measure.Slice;
import mill.bench.load.measure.StartOutcome;

/** A report as maps and lists, for JSON. */
final class Tree {
  private Tree() {}

  static Map<String, Object> of(Report report) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("machine", report.machine());
    tree.put("missing", report.missing());
    tree.put("workloads", report.outcomes().stream().map(Tree::outcome).toList());
    tree.put("memory", report.memory().stream().map(Tree::memory).toList());
    tree.put("starts", report.starts().stream().map(Tree::start).toList());
    return tree;
  }

  private static Map<String, Object> outcome(Outcome outcome) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("workload", outcome.workload().id());
    tree.put("title", outcome.workload().title());
    tree.put("baseline", outcome.baseline());
    tree.put("failures", outcome.failures());
    tree.put("peers", outcome.peers().stream().map(peer -> peer(outcome, peer)).toList());
    tree.put("slices", outcome.slices().stream().map(Tree::slice).toList());
    return tree;
  }

  private static Map<String, Object> peer(Outcome outcome, String peer) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("peer", peer);
    tree.put("thrown_away", outcome.thrownAway(peer));
    for (Figure figure : Figure.ALL) {
      Map<String, Object> both = quartiles(outcome.figure(peer, figure.of()));
      both.put("ratio", quartiles(outcome.ratio(peer, figure.of())));
      tree.put(figure.id(), both);
    }
    tree.put("user_share_of_cpu", outcome.userShare(peer));
    tree.put("allocated_bytes_per_message", outcome.allocatedPerMessage(peer));
    tree.put("system_calls_per_message", outcome.systemCallsPerMessage(peer));
    tree.put("system_calls", outcome.systemCalls().getOrDefault(peer, new TreeMap<>()));
    return tree;
  }

  private static Map<String, Object> quartiles(Quartiles quartiles) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("q1", quartiles.low());
    tree.put("median", quartiles.median());
    tree.put("q3", quartiles.high());
    tree.put("count", quartiles.count());
    return tree;
  }

  private static Map<String, Object> slice(Slice slice) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("peer", slice.peer());
    tree.put("round", slice.round());
    tree.put("place", slice.place());
    tree.put("thrown_away", slice.thrownAway());
    tree.put("values", slice.sample().values());
    return tree;
  }

  private static Map<String, Object> memory(MemoryOutcome memory) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("peer", memory.peer());
    tree.put("user_bytes_per_idle_connection", memory.user());
    tree.put("heap_bytes_per_idle_connection", memory.heap());
    tree.put("resident_bytes_per_idle_connection", memory.resident());
    return tree;
  }

  private static Map<String, Object> start(StartOutcome start) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("peer", start.peer());
    tree.put("wall_ms", quartiles(start.wallMs()));
    tree.put("cpu_ms", quartiles(start.cpuMs()));
    tree.put("resident_mb", quartiles(start.residentMb()));
    tree.put("idle_mb", quartiles(start.idleMb()));
    return tree;
  }
}
