package mill.bench.load.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import mill.bench.load.client.Sample;
import mill.bench.load.peer.Peer;
import mill.bench.load.process.Command;

/** Measures starts of processes to their first echo, in turns, on all processors. */
public final class StartRun {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final double KIB = 1024;

  // HotSpot lets go of what its compilers have worked in every 5 s, and then trims.
  private static final String IDLE = "settle_ms=8000";
  private static final int IDLE_TIMES = 3;

  private final Path program;
  private final PrintStream progress;

  /**
   * Prepares it.
   *
   * @param program the load generator
   */
  public StartRun(Path program, PrintStream progress) {
    this.program = program;
    this.progress = progress;
  }

  /**
   * Measures.
   *
   * @param peers whom, with commands that pin nothing
   * @param times how often
   */
  public List<StartOutcome> run(List<Peer> peers, int times)
      throws IOException, InterruptedException {
    Map<String, List<Sample>> starts = new LinkedHashMap<>();
    Map<String, List<Sample>> idles = new LinkedHashMap<>();
    progress.print("start: ");
    for (int i = 0; i < times; i++) {
      startAll(peers, List.of(), starts);
    }
    for (int i = 0; i < Math.min(IDLE_TIMES, times); i++) {
      startAll(peers, List.of(IDLE), idles);
    }
    progress.println();
    return starts.entrySet().stream()
        .map(entry ->
            outcome(
                entry.getKey(), entry.getValue(), idles.getOrDefault(entry.getKey(), List.of())))
        .toList();
  }

  private void startAll(
      List<Peer> peers, List<String> parameters, Map<String, List<Sample>> samples)
      throws IOException, InterruptedException {
    for (Peer peer : peers) {
      Sample sample = start(parameters, peer.command());
      if (sample.values().containsKey("first_echo_ns")) {
        samples.computeIfAbsent(peer.name(), _ -> new ArrayList<>()).add(sample);
      } else {
        progress.print("[" + peer.name() + " failed] ");
      }
    }
    progress.print('.');
    progress.flush();
  }

  /** Starts a server once, and ends it in order. */
  public Sample start(List<String> command) throws IOException, InterruptedException {
    return start(List.of(), command);
  }

  private Sample start(List<String> parameters, List<String> command)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(program.toString(), "start"));
    all.addAll(parameters);
    all.add("--");
    all.addAll(command);
    return Sample.parse(Command.run(all, Path.of("."), LIMIT).output().lines().toList());
  }

  private static StartOutcome outcome(String peer, List<Sample> samples, List<Sample> idle) {
    return new StartOutcome(
        peer,
        of(samples, sample -> (sample.get("first_echo_ns") - sample.get("started_ns")) / 1e6),
        of(samples, sample -> sample.get("cpu_us") / 1e3),
        of(samples, StartRun::residentMb),
        of(idle, StartRun::residentMb));
  }

  private static double residentMb(Sample sample) {
    return sample.get("resident_kib") * KIB / 1e6;
  }

  private static Quartiles of(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return Quartiles.of(samples.stream().map(figure::applyAsDouble).toList());
  }
}
