package mill.examples.echo;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The echo server in a process of its own, from the same image as this one.
 *
 * <p>It tells its port on stdout and ends when its stdin does: at {@link #close}, and also when
 * this process goes away without a word.
 */
final class ServerProcess implements AutoCloseable {
  private static final long STARTS_WITHIN_S = 60;
  private static final long ENDS_WITHIN_S = 5;
  private static final Pattern LISTENING = Pattern.compile("listening on \\S+:(\\d+)(?:, (.*))?");

  private final Process process;
  private final InetSocketAddress address;
  private final String pinning;

  private ServerProcess(Process process, InetSocketAddress address, String pinning) {
    this.process = process;
    this.address = address;
    this.pinning = pinning;
  }

  /** Starts the server and waits until it listens. */
  static ServerProcess start(int cpu) throws IOException, DemoFailure {
    Process process =
        new ProcessBuilder(commandLine(cpu)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    boolean listening = false;
    try {
      String line = firstLine(process);
      Matcher matcher = LISTENING.matcher(line == null ? "" : line);
      if (!matcher.matches()) {
        throw DemoFailure.broken("the server process did not start");
      }
      var address =
          new InetSocketAddress(
              InetAddress.getLoopbackAddress(), Integer.parseInt(matcher.group(1)));
      String pinning = matcher.group(2);
      listening = true;
      return new ServerProcess(process, address, pinning == null ? "not pinned" : pinning);
    } finally {
      if (!listening) {
        end(process);
      }
    }
  }

  InetSocketAddress address() {
    return address;
  }

  String pinning() {
    return pinning;
  }

  long pid() {
    return process.pid();
  }

  /** Ends the process, gently first. Any thread; a second call does nothing more. */
  @Override
  public void close() {
    end(process);
  }

  private static List<String> commandLine(int cpu) {
    Module module = EchoDemo.class.getModule();
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // An image brings its modules and flags; from a JDK they are given, as this process got them.
    String modulePath = System.getProperty("jdk.module.path");
    if (modulePath != null) {
      line.addAll(List.of("--module-path", modulePath, "--enable-native-access=mill.natives"));
    }
    line.addAll(List.of("-XX:+UseSerialGC", "-Xmx64m")); // it makes no garbage
    line.addAll(List.of("-m", module.getName() + "/" + EchoDemo.class.getName()));
    String loopback = InetAddress.getLoopbackAddress().getHostAddress();
    line.addAll(List.of("--serve", "--child", "--host", loopback, "--port", "0"));
    if (cpu != Command.ANY_CPU) {
      line.addAll(List.of("--cpu", Integer.toString(cpu)));
    }
    return line;
  }

  private static @Nullable String firstLine(Process process) throws DemoFailure {
    BufferedReader stdout = process.inputReader(StandardCharsets.UTF_8);
    CompletableFuture<@Nullable String> line = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            line.complete(stdout.readLine());
          } catch (IOException e) {
            line.complete(null);
          }
        });
    try {
      return line.get(STARTS_WITHIN_S, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DemoFailure.broken("interrupted");
    }
  }

  private static void end(Process process) {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      process.destroy();
    }
    try {
      if (process.waitFor(ENDS_WITHIN_S, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
