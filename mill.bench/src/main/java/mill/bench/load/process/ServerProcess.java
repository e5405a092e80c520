package mill.bench.load.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server that runs: its process, its port, and what it tells of itself. */
public final class ServerProcess implements AutoCloseable {
  /** What a server on Java tells of itself, in bytes. */
  public record Stat(long allocated, long heapUsed) {}

  private static final Pattern LAST_NUMBER = Pattern.compile("(\\d+)\\D*$");
  private static final int SECONDS_TO_END = 5;
  private static final int ATTEMPTS = 250;
  private static final long BETWEEN_ATTEMPTS_NS = 20_000_000;

  private final Process process;
  private final BufferedReader output;
  private final Writer input;
  private final int port;

  private ServerProcess(Process process) throws IOException {
    this.process = process;
    output = process.inputReader(StandardCharsets.UTF_8);
    input = process.outputWriter(StandardCharsets.UTF_8);
    port = readPort();
    awaitListening();
  }

  /**
   * Starts a server and waits until it has told its port: the last number of the first line that
   * has a number.
   *
   * @param command its command, with what pins it
   * @param log where its errors go
   * @throws IOException if it ends without
   */
  public static ServerProcess start(List<String> command, Path log) throws IOException {
    List<String> all = new ArrayList<>(List.of("sh", "-c", "ulimit -n $(ulimit -Hn); exec \"$@\""));
    all.add("sh");
    all.addAll(command);
    Process process =
        new ProcessBuilder(all).redirectError(Redirect.appendTo(log.toFile())).start();
    try {
      return new ServerProcess(process);
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private int readPort() throws IOException {
    String line;
    while ((line = output.readLine()) != null) {
      Matcher number = LAST_NUMBER.matcher(line);
      if (number.find()) {
        return Integer.parseInt(number.group(1));
      }
    }
    throw new IOException("it ended before it listened");
  }

  /** Some tell their port before they listen. */
  private void awaitListening() throws IOException {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    IOException last = new IOException("it does not listen");
    for (int i = 0; i < ATTEMPTS && process.isAlive(); i++) {
      try (var socket = new Socket()) {
        socket.connect(address);
        return;
      } catch (IOException e) {
        last = e;
        LockSupport.parkNanos(BETWEEN_ATTEMPTS_NS);
      }
    }
    throw last;
  }

  /** {@return its process} */
  public long pid() {
    return process.pid();
  }

  /** {@return where it listens} */
  public int port() {
    return port;
  }

  /** Asks a server on Java what it has allocated, and what its heap holds. */
  public Stat stat() throws IOException {
    return ask("stat");
  }

  /** The same, after a collection. */
  public Stat statAfterCollection() throws IOException {
    return ask("gc");
  }

  private Stat ask(String question) throws IOException {
    input.write(question + '\n');
    input.flush();
    String line;
    while ((line = output.readLine()) != null) {
      if (line.startsWith("stat ")) {
        String[] words = line.split(" ", -1);
        return new Stat(Long.parseLong(words[1]), Long.parseLong(words[2]));
      }
    }
    throw new IOException("the server has ended");
  }

  /** Ends it: by the end of its input, then by force. */
  @Override
  public void close() throws IOException {
    try {
      input.close();
    } catch (IOException e) {
      // it has ended already
    }
    try {
      process.destroy();
      if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    output.close();
  }
}
