package mill.bench.load.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mill.bench.load.client.LoadClient;
import mill.bench.load.client.Sample;
import mill.bench.load.client.Workload;
import mill.bench.load.peer.Peer;
import mill.bench.load.process.ServerProcess;

/** Measures what ten thousand idle connections take, in servers of their own. */
public final class MemoryRun {
  private static final double CONNECTIONS = 10_000;
  private static final double KIB = 1024;
  private static final LoadClient.SliceTime WARM = new LoadClient.SliceTime(0, 2);
  private static final LoadClient.SliceTime SHORT = new LoadClient.SliceTime(0, 0.1);

  // The heap is resident from the start, so what grows is outside of it; and the large compiler,
  // which takes and gives back more than all connections, stays away.
  private static final List<String> STEADY =
      List.of("-Xms256m", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1");

  private final LoadClient client;
  private final Path log;
  private final PrintStream progress;

  /** Prepares it. */
  public MemoryRun(LoadClient client, Path log, PrintStream progress) {
    this.client = client;
    this.log = log;
    this.progress = progress;
  }

  /** Measures. */
  public List<MemoryOutcome> run(List<Peer> peers) throws InterruptedException {
    List<MemoryOutcome> outcomes = new ArrayList<>();
    progress.print("memory: ");
    for (Peer peer : peers) {
      try {
        double resident = residentGrowth(idle(peer, peer.command()));
        double user = resident;
        double heap = Double.NaN;
        if (peer.tellsAllocation()) {
          Sample touched = idle(peer, peer.commandWith(STEADY));
          heap = touched.get("idle_heap_bytes");
          user = residentGrowth(touched) + heap;
        }
        outcomes.add(
            new MemoryOutcome(
                peer.name(), resident / CONNECTIONS, heap / CONNECTIONS, user / CONNECTIONS));
        progress.print('.');
      } catch (IOException e) {
        progress.print("[" + peer.name() + ": " + e.getMessage() + "] ");
      }
    }
    progress.println();
    return outcomes;
  }

  private Sample idle(Peer peer, List<String> command) throws IOException, InterruptedException {
    try (ServerProcess server = ServerProcess.start(command, log)) {
      var _ = client.run(Workload.CONNECT, server, WARM, peer.tellsAllocation());
      var _ = client.run(Workload.ECHO_64, server, WARM, peer.tellsAllocation());
      return client.run(Workload.IDLE, server, SHORT, peer.tellsAllocation());
    }
  }

  private static double residentGrowth(Sample sample) {
    return (sample.get("resident_idle_kib") - sample.get("resident_before_kib")) * KIB;
  }
}
