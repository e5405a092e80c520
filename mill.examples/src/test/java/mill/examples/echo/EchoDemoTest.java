package mill.examples.echo;

import static mill.examples.echo.DemoProcess.NATIVE_ACCESS;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import mill.examples.echo.DemoProcess.Outcome;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** The demo as a program: what it says where, and how it ends. */
class EchoDemoTest {
  private static final List<String> FLAGS = List.of(NATIVE_ACCESS, "--illegal-native-access=deny");

  @Test
  void drivingItselfItReportsEverythingAndKeepsStderrEmpty() throws Exception {
    Outcome outcome =
        DemoProcess.run(FLAGS, "--seconds", "1", "--warmup", "0", "--connections", "4");

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .containsPattern("server: process \\d+, (pinned to CPU 0|not pinned)")
        .containsPattern("load: +process \\d+, (pinned to CPU 1|not pinned)")
        .containsPattern("(?m)^ +1 s +[\\d,]+ messages/s +[\\d,.]+ MB/s$")
        .containsPattern("messages/s +[\\d,]+")
        .containsPattern("MB/s +[\\d,.]+ each way")
        .containsPattern("latency +p50 [\\d,.]+ us, p99 [\\d,.]+ us, p99.9 [\\d,.]+ us")
        .containsPattern("server CPU +([\\d.]+ us/message: user [\\d.]+, system|not available)")
        .containsPattern("verified +[\\d,]+ messages, byte for byte");
  }

  @Test
  void largeMessagesInAPipelineAreVerifiedToo() throws Exception {
    Outcome outcome =
        DemoProcess.run(
            FLAGS,
            "--seconds",
            "1",
            "--warmup",
            "0",
            "--connections",
            "3",
            "--size",
            "200001",
            "--pipeline",
            "7",
            "--no-pin");

    assertThat(outcome).isEqualTo(new Outcome(0, outcome.out(), ""));
    assertThat(outcome.out()).contains("not pinned").contains("byte for byte");
  }

  @Test
  void onceItServesItselfAndEnds() throws Exception {
    Outcome outcome = DemoProcess.run(FLAGS, "--serve", "--once");

    assertThat(outcome).isEqualTo(new Outcome(0, outcome.out(), ""));
    assertThat(outcome.out())
        .matches("listening on 127\\.0\\.0\\.1:\\d+\\Rstopped: 1 connections, 11 bytes echoed\\R");
  }

  @Test
  void aPortInUseIsOneLineAndExitCode2() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());

      assertThat(DemoProcess.run(FLAGS, "--serve", "--port", port))
          .isEqualTo(failure("port " + port + " is in use: choose another with --port"));
    }
  }

  @Test
  void anAddressOfAnotherMachineIsOneLineAndExitCode2() throws Exception {
    assertThat(DemoProcess.run(FLAGS, "--serve", "--port", "0", "--host", "192.0.2.1"))
        .isEqualTo(failure("cannot listen on 192.0.2.1:0: EADDRNOTAVAIL"));
  }

  @Test
  void aMissingFlagIsOneLineAndExitCode2() throws Exception {
    String line =
        "mill may not call native code: start java with --enable-native-access=mill.natives";

    assertThat(DemoProcess.run(List.of())).isEqualTo(failure(line));
    assertThat(DemoProcess.run(List.of(), "--serve", "--port", "0")).isEqualTo(failure(line));
  }

  @Test
  void aBadArgumentIsOneLineAndExitCode2() throws Exception {
    assertThat(DemoProcess.run(FLAGS, "--sizes", "1"))
        .isEqualTo(failure("unknown argument --sizes: --help lists what there is"));
  }

  @Test
  void helpNeedsNoFlagAndEndsWell() throws Exception {
    assertThat(DemoProcess.run(List.of(), "--help"))
        .isEqualTo(new Outcome(0, CommandLine.USAGE, ""));
  }

  @Test
  void aServerServesUntilASignalAndSaysWhatItDid() throws Exception {
    try (DemoProcess demo = DemoProcess.start(FLAGS, "--serve", "--port", "0")) {
      int port = port(demo.readLine());
      try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), port)) {
        peer.getOutputStream().write('x');
        assertThat(peer.getInputStream().read()).isEqualTo('x');
      }
      demo.terminate();

      assertThat(demo.end())
          .isEqualTo(
              new Outcome(128 + 15, "stopped: 1 connections, 1 bytes echoed" + newline(), ""));
    }
  }

  @Test
  void aChildEndsWithItsStdin() throws Exception {
    try (DemoProcess demo = DemoProcess.start(FLAGS, "--serve", "--port", "0", "--child")) {
      port(demo.readLine());
      demo.closeStdin();

      assertThat(demo.end())
          .isEqualTo(new Outcome(0, "stopped: 0 connections, 0 bytes echoed" + newline(), ""));
    }
  }

  @Test
  void theServerOfADemoThatIsKilledEndsToo() throws Exception {
    try (DemoProcess demo = DemoProcess.start(FLAGS, "--seconds", "600")) {
      demo.readLine();
      ProcessHandle server = demo.handle().children().findFirst().orElseThrow();
      demo.handle().destroyForcibly();

      assertThat(Await.outcome(server.onExit())).isEqualTo(server);
    }
  }

  @Test
  void aDemoThatIsTerminatedTakesItsServerAlongAndSaysNothingMore() throws Exception {
    try (DemoProcess demo = DemoProcess.start(FLAGS, "--seconds", "600")) {
      demo.readLine();
      ProcessHandle server = demo.handle().children().findFirst().orElseThrow();
      demo.terminate();
      Outcome outcome = demo.end();

      assertThat(outcome.exitCode()).isEqualTo(128 + 15);
      assertThat(outcome.err()).isEmpty();
      assertThat(server.isAlive()).isFalse();
    }
  }

  private static int port(String line) {
    assertThat(line).startsWith("listening on 127.0.0.1:");
    return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
  }

  private static Outcome failure(String line) {
    return new Outcome(2, "", "mill-echo: " + line + newline());
  }

  private static String newline() {
    return System.lineSeparator();
  }
}
