package mill.examples.echo;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import mill.core.EventLoop;
import mill.natives.ErrnoException;

/** {@code --serve}: the echo server alone, until a signal or, as a child, the end of stdin. */
final class ServeMode {
  /** The name of the loop's thread, by which the parent of a child finds its processor time. */
  static final String LOOP_THREAD = "echo-loop";

  private static final int ONCE_WITHIN_MS = 10_000;

  private final Command.Serve command;
  private final PrintStream out;

  private volatile String failed = "";

  ServeMode(Command.Serve command, PrintStream out) {
    this.command = command;
    this.out = out;
  }

  void run() throws IOException, DemoFailure {
    try (EventLoop loop = EventLoop.open();
        EchoServer server = listen(loop)) {
      Thread serving = Thread.ofPlatform().name(LOOP_THREAD).unstarted(() -> serve(loop, server));
      // On SIGINT and SIGTERM the virtual machine ends when this has: the server's last line is out
      // by then.
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(loop, serving)));
      serving.start();
      if (command.child()) {
        Thread.ofPlatform().daemon().name("echo-stdin").start(() -> stopWithStdin(loop));
      }
      if (command.once()) {
        echoOnce(loop, server.address());
      }
      join(serving);
    }
    if (!failed.isEmpty()) {
      throw DemoFailure.broken(failed);
    }
  }

  private EchoServer listen(EventLoop loop) throws DemoFailure {
    String where = command.host() + ":" + command.port();
    var address = new InetSocketAddress(command.host(), command.port());
    if (address.isUnresolved()) {
      throw DemoFailure.usage("there is no host " + command.host());
    }
    try {
      return new EchoServer(loop, address);
    } catch (ErrnoException e) {
      throw DemoFailure.usage(
          e.errnoName().equals("EADDRINUSE")
              ? "port " + command.port() + " is in use: choose another with --port"
              : "cannot listen on " + where + ": " + e.errnoName());
    } catch (IOException e) {
      throw DemoFailure.usage("cannot listen on " + where + ": " + e.getMessage());
    }
  }

  private void serve(EventLoop loop, EchoServer server) {
    String pinning = Pinning.pinCurrentThread(command.cpu());
    try {
      InetSocketAddress address = server.address();
      // Not printf: a formatter costs the start ten milliseconds.
      out.println(
          "listening on "
              + address.getAddress().getHostAddress()
              + ":"
              + address.getPort()
              + (command.cpu() == Command.ANY_CPU ? "" : ", " + pinning));
      out.flush();
      loop.run();
      out.printf(
          Locale.ROOT,
          "stopped: %,d connections, %,d bytes echoed%n",
          server.accepted(),
          server.echoedBytes());
      out.flush();
    } catch (IOException e) {
      failed = String.valueOf(e.getMessage());
    }
  }

  /** Sends one message and waits until it is back. */
  private void echoOnce(EventLoop loop, InetSocketAddress address) {
    byte[] message = "hello, mill".getBytes(StandardCharsets.UTF_8);
    try (var socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(ONCE_WITHIN_MS);
      socket.getOutputStream().write(message);
      byte[] back = socket.getInputStream().readNBytes(message.length);
      if (!Arrays.equals(message, back)) {
        failed = "the message came back wrong";
      }
    } catch (IOException e) {
      failed = "the message did not come back: " + e.getMessage();
    } finally {
      loop.stop();
    }
  }

  private static void stop(EventLoop loop, Thread serving) {
    loop.stop();
    join(serving);
  }

  private static void stopWithStdin(EventLoop loop) {
    try {
      while (System.in.read() >= 0) {
        // nobody has anything to say here: it is the end that counts
      }
    } catch (IOException e) {
      // as good as the end
    }
    loop.stop();
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
