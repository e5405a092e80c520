package mill.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.bench.load.measure.Outcome;
import mill.bench.load.process.Command;
import mill.bench.load.report.Report;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tiny run from the beginning to the end: real servers, real load. */
class LoadBenchTest {
  private static final List<String> FIGURES =
      List.of("cpu_us_per_message", "messages_per_second", "p50_us", "p99_us", "p99_9_us");

  @TempDir static Path folder; // one for all: what is built is built once

  @BeforeAll
  static void toolsAreThere() throws IOException, InterruptedException {
    assumeTrue(
        System.getProperty("os.name").equals("Linux"), "the load harness runs on Linux only");
    for (String tool : List.of("gcc", "taskset")) {
      assumeTrue(!Command.find(tool).isEmpty(), "the load harness needs " + tool);
    }
  }

  private Report run(String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--sources",
                System.getProperty("mill.bench.sources"),
                "--servers",
                System.getProperty("java.class.path"),
                "--output",
                folder.toString(),
                "--rounds",
                "1",
                "--seconds",
                "0.1",
                "--warm",
                "0.1",
                "--retries",
                "0",
                "--others",
                "100",
                "--stolen",
                "100"));
    arguments.addAll(List.of(more));
    return LoadBench.run(
        arguments.toArray(String[]::new), new PrintStream(OutputStream.nullOutputStream()));
  }

  @Test
  void aTinyRunOfTwoPeersIsCompleteAndVerified() throws Exception {
    run("--workloads", "64x64", "--peers", "c,mill");

    JsonObject results =
        JsonParser.parseString(Files.readString(folder.resolve("results.json"))).getAsJsonObject();
    JsonObject workload = results.getAsJsonArray("workloads").get(0).getAsJsonObject();
    assertThat(workload.get("workload").getAsString()).isEqualTo("64x64");
    assertThat(workload.getAsJsonObject("failures").size()).isZero();
    assertThat(workload.getAsJsonArray("slices")).hasSize(3);
    List<String> names = new ArrayList<>();
    for (JsonElement element : workload.getAsJsonArray("peers")) {
      JsonObject peer = element.getAsJsonObject();
      names.add(peer.get("peer").getAsString());
      for (String figure : FIGURES) {
        assertThat(peer.getAsJsonObject(figure).get("median").getAsDouble())
            .as(figure)
            .isPositive();
      }
    }
    assertThat(names).containsExactly("c", "mill");
    JsonObject mill = workload.getAsJsonArray("peers").get(1).getAsJsonObject();
    JsonObject ratio = mill.getAsJsonObject("cpu_us_per_message").getAsJsonObject("ratio");
    assertThat(ratio.get("median").getAsDouble()).isPositive();
    assertThat(mill.get("allocated_bytes_per_message").isJsonNull()).isFalse();
    assertThat(folder.resolve("results.md")).content().contains("| mill ");
    assertThat(folder.resolve("chart.svg")).content().contains("<svg", ">mill</text>");
  }

  @Test
  void wrkIsServedOverTlsWithAKeyOfTheRun() throws Exception {
    assumeTrue(!Command.find("wrk").isEmpty(), "wrk is not installed (Debian has it in wrk)");
    Report report = run("--workloads", "https", "--peers", "netty");

    assertThat(report.missing()).doesNotContainKeys("https", "netty in https");
    Outcome outcome = report.outcomes().getFirst();
    assertThat(outcome.peers()).containsExactly("netty");
    assertThat(outcome.failures()).isEmpty();
    assertThat(outcome.slices())
        .isNotEmpty()
        .allSatisfy(slice -> {
          assertThat(slice.sample().throughput()).isPositive();
          assertThat(slice.sample().get("errors")).isNaN();
        });
  }

  @Test
  void wrongBytesFailTheSlice() throws Exception {
    run("--peers", "c", "--list"); // builds the load generator
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread wrong = Thread.ofPlatform().start(() -> answerWithZeros(server));
      Command.Outcome outcome =
          Command.run(
              List.of(
                  folder.resolve("load-generator").toString(),
                  "closed",
                  "port=" + server.getLocalPort(),
                  "seconds=5"),
              folder,
              Duration.ofSeconds(10));
      assertThat(outcome.output()).contains("wrong bytes");
      assertThat(outcome.exitCode()).isEqualTo(3);
      wrong.join();
    }
  }

  private static void answerWithZeros(ServerSocket server) {
    try (Socket socket = server.accept()) {
      int length = socket.getInputStream().read(new byte[64]);
      socket.getOutputStream().write(new byte[length]);
      var _ = socket.getInputStream().read();
    } catch (IOException e) {
      // the load generator has ended first
    }
  }

  @Test
  void aMissingPeerIsToldWithTheReason() throws Exception {
    Report report = run("--workloads", "http", "--peers", "c,mill-connection", "--list");
    assertThat(report.missing()).containsEntry("mill-connection", "mill.examples is not built");
  }

  @Test
  void whatIsNotKnownIsRefused() {
    assertThatThrownBy(() -> run("--workloads", "nothing")).isInstanceOf(UsageException.class);
  }
}
