package mill.examples.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The servers as programs: each in a JVM of its own, on the module path, as a user starts it. */
class ProgramsTest {
  private static final String CHAT = "chat.ChatServer";

  private static List<String> command(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("--module-path", System.getProperty("jdk.module.path")));
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--enable-native-access=mill.natives", "--illegal-native-access=deny"));
    command.addAll(List.of("-m", "mill.examples/mill.examples." + program));
    command.addAll(List.of(arguments));
    return command;
  }

  private static String refusal(String program, String... arguments) throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.java(command(program, arguments));
    assertThat(outcome.exitCode()).as("%s", outcome).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    return outcome.err().strip();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"resp.RespServer", "chat.ChatServer", "proxy.ProxyServer", "http.HttpServer"})
  void helpListsTheArgumentsAndEndsWell(String program) throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.java(command(program, "--help"));
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).startsWith("mill-").contains("--port N", "--host ADDRESS", "--help");
    assertThat(outcome.err()).isEmpty();
  }

  @Test
  void whatMakesNoSenseSaysWhatToType() throws Exception {
    assertThat(refusal(CHAT, "--prot", "1"))
        .isEqualTo("mill-chat: unknown argument --prot: --help lists what there is");
    assertThat(refusal(CHAT, "--port", "x"))
        .isEqualTo("mill-chat: --port must be 0 to 65535, not x");
    assertThat(refusal("proxy.ProxyServer"))
        .isEqualTo("mill-proxy: --to is missing: --help lists what there is");
    assertThat(refusal("proxy.ProxyServer", "--to", "8080"))
        .isEqualTo("mill-proxy: --to must be HOST:PORT, not 8080");
    assertThat(refusal("http.HttpServer", "--tls", "nowhere.p12"))
        .startsWith("mill-http: the key store cannot be read: nowhere.p12 (")
        .hasLineCount(1);
  }

  @Test
  void portThatIsTakenIsSaidInOneLine() throws Exception {
    try (var taken = new ServerSocket()) {
      taken.bind(Loops.anyPort());
      assertThat(refusal(CHAT, "--port", Integer.toString(taken.getLocalPort())))
          .isEqualTo("mill-chat: the port is in use: choose another with --port");
    }
  }

  /** A member is connected: it is told, and the program ends at once. */
  @ParameterizedTest
  @ValueSource(strings = {"resp.RespServer", "chat.ChatServer", "http.HttpServer"})
  void signalEndsItInOrderThoughSomebodyIsConnected(String program) throws Exception {
    assumeTrue(!System.getProperty("os.name").startsWith("Windows"), "Windows has no such signal");
    Process process = start(command(program, "--port", "0"));
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        Peer peer = Peer.connect(listeningOn(out))) {
      process.toHandle().destroy(); // SIGTERM; Process.destroy() would close stdout too
      assertThat(peer.isReset()).isFalse();
      assertThat(process.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isTrue();
      assertThat(process.errorReader().readAllAsString()).isEmpty();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Process start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(arguments);
    return new ProcessBuilder(command).start();
  }

  private static InetSocketAddress listeningOn(BufferedReader out) throws Exception {
    String line = Await.outcome(Await.inBackground("reads what is printed", out::readLine));
    assertThat(line).startsWith("listening on 127.0.0.1:");
    return new InetSocketAddress(
        InetAddress.getLoopbackAddress(),
        Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)));
  }
}
