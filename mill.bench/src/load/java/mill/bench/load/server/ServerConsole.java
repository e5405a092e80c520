package mill.bench.load.server;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;

/** How the harness talks to a server: by its standard input and output. */
final class ServerConsole {
  private ServerConsole() {}

  /** {@return any free port of loopback} */
  static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Tells the port and {@linkplain #listen() listens} to the harness. */
  static void open(SocketAddress address) {
    System.out.println("port " + ((InetSocketAddress) address).getPort());
    System.out.flush();
    listen();
  }

  /**
   * Answers, from now on: {@code stat} asks for what was allocated and what the heap holds, {@code
   * gc} for the same after a collection. The end of the input ends the process.
   */
  static void listen() {
    Thread.ofPlatform().daemon().name("console").start(ServerConsole::answer);
  }

  private static void answer() {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try {
      String line;
      while ((line = lines.readLine()) != null) {
        if (line.equals("gc")) {
          System.gc();
          System.gc(); // what the first one has found to be cleaned is gone now
        }
        System.out.println("stat " + allocatedBytes() + ' ' + usedBytes());
        System.out.flush();
      }
    } catch (IOException e) {
      System.err.println(e); // and ends, as at the end of the input
    }
    System.exit(0);
  }

  private static long allocatedBytes() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getTotalThreadAllocatedBytes();
  }

  private static long usedBytes() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
