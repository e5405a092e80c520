package mill.bench.load.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import mill.bench.load.process.ServerProcess;

/** Drives one server for one slice, in a process of its own. */
public final class LoadClient {
  /**
   * How long.
   *
   * @param warm seconds that are not measured
   * @param seconds seconds that are
   */
  public record SliceTime(double warm, double seconds) {}

  private static final int GRACE_SECONDS = 60;
  private static final int SECONDS_TO_SETTLE = 5;

  private final Path program;
  private final Path log;
  private final int serverCpu;
  private final int clientCpu;

  /**
   * Prepares for slices.
   *
   * @param program the load generator
   * @param log where its errors go
   * @param serverCpu the processor that servers are pinned to
   * @param clientCpu the processor to pin it to
   */
  public LoadClient(Path program, Path log, int serverCpu, int clientCpu) {
    this.program = program;
    this.log = log;
    this.serverCpu = serverCpu;
    this.clientCpu = clientCpu;
  }

  /**
   * Runs a slice.
   *
   * @param tells whether the server tells what it allocates
   * @throws IOException if the server does not answer, or answers with wrong bytes
   */
  public Sample run(Workload workload, ServerProcess server, SliceTime time, boolean tells)
      throws IOException, InterruptedException {
    long heapBefore = workload == Workload.IDLE && tells ? heap(server) : 0;
    Process process =
        new ProcessBuilder(command(workload, server, time))
            .redirectError(Redirect.appendTo(log.toFile()))
            .start();
    long limit = (long) (time.warm + time.seconds) + GRACE_SECONDS;
    var _ = process.onExit().orTimeout(limit, TimeUnit.SECONDS).exceptionally(_ -> kill(process));
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        Writer input = process.outputWriter(StandardCharsets.UTF_8)) {
      return follow(workload, server, time, tells, heapBefore, output, input);
    } finally {
      if (!process.waitFor(SECONDS_TO_SETTLE, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  private static Process kill(Process process) {
    return process.destroyForcibly();
  }

  private Sample follow(
      Workload workload,
      ServerProcess server,
      SliceTime time,
      boolean tells,
      long heapBefore,
      BufferedReader output,
      Writer input)
      throws IOException {
    List<String> lines = new ArrayList<>();
    long heapIdle = 0;
    long allocatedBefore = 0;
    long allocated = 0;
    String line;
    while ((line = output.readLine()) != null && !line.equals("done")) {
      switch (line) {
        case "begin" -> allocatedBefore = tells ? server.stat().allocated() : 0;
        case "end" -> allocated = tells ? server.stat().allocated() - allocatedBefore : 0;
        case "idle" -> {
          heapIdle = tells ? heap(server) : 0;
          input.write('\n');
          input.flush();
        }
        default -> lines.add(line);
      }
    }
    if (line == null) {
      throw new IOException("the load generator failed: see " + log);
    }
    Sample sample = Sample.parse(lines);
    if (workload.externalClient().isPresent()) {
      ExternalClient.read(workload, lines, time.seconds, sample);
    }
    if (tells) {
      sample.put("allocated_bytes", (double) allocated);
      if (workload == Workload.IDLE) {
        sample.put("idle_heap_bytes", (double) (heapIdle - heapBefore));
      }
    }
    return sample;
  }

  private static long heap(ServerProcess server) throws IOException {
    return server.statAfterCollection().heapUsed();
  }

  private List<String> command(Workload workload, ServerProcess server, SliceTime time) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("taskset", "-c", Integer.toString(clientCpu), program.toString()));
    command.addAll(List.of(workload.mode(), "port=" + server.port(), "server=" + server.pid()));
    command.addAll(List.of("server_cpu=" + serverCpu, "client_cpu=" + clientCpu));
    command.add(String.format(Locale.ROOT, "warm=%.3f", time.warm));
    command.add(String.format(Locale.ROOT, "seconds=%.3f", time.seconds));
    command.addAll(workload.arguments());
    if (workload.externalClient().isPresent()) {
      command.add("--");
      command.addAll(ExternalClient.command(workload, server.port(), time.seconds));
    }
    return command;
  }
}
