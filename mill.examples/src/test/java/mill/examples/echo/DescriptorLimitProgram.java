package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.natives.ErrnoException;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Sockets.Family;
import mill.testing.Await;

/**
 * An example that runs out of descriptors: it goes on with the connection that it has, and serves
 * those that had to wait. The argument is its name.
 */
final class DescriptorLimitProgram {
  /** What to start this with. */
  static final int LIMIT = 128;

  private static final int WAITING = 8;

  /** How long there are no descriptors: some pauses of the listener. */
  private static final long EXHAUSTED_NS = TimeUnit.MILLISECONDS.toNanos(150);

  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private DescriptorLimitProgram() {}

  public static void main(String[] args) throws Exception {
    // Its class is loaded while there are descriptors to do that with.
    Await.requirePatience(System.nanoTime(), "it begins");
    InetSocketAddress address =
        switch (args[0]) {
          case "QuickStart" -> startMain(QuickStart::main);
          case "LowLevelEcho" -> startMain(LowLevelEcho::main);
          default -> startEchoServer();
        };
    TcpStream living = connectWhenItListens(address);
    requireEcho(living);
    var waiting = new ArrayList<TcpStream>();
    for (int i = 0; i < WAITING; i++) {
      waiting.add(TcpStream.open(Family.INET));
    }
    var hogs = new ArrayList<TcpListener>();
    exhaust(hogs);
    for (TcpStream stream : waiting) {
      connect(stream, address);
    }
    long startNs = System.nanoTime();
    while (System.nanoTime() - startNs < EXHAUSTED_NS) {
      requireEcho(living);
      exhaust(hogs); // the virtual machine may have had one open for a moment, and closed it
    }
    TcpStream last = waiting.getLast();
    last.write(ONE_BYTE);
    if (last.read(ONE_BYTE) != IoStatus.WOULD_BLOCK) {
      throw new AssertionError("served out of nothing");
    }
    hogs.forEach(TcpListener::close);
    for (TcpStream stream : waiting.subList(0, WAITING - 1)) {
      requireEcho(stream);
    }
    awaitByte(last);
    System.out.println("served and resumed");
  }

  private static InetSocketAddress startEchoServer() throws IOException {
    EventLoop loop = EventLoop.open();
    InetSocketAddress address =
        new EchoServer(loop, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).address();
    start(loop::run);
    return address;
  }

  private static InetSocketAddress startMain(Main main) throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    start(() -> main.run(new String[] {Integer.toString(port)}));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** A quick start, whose argument is the port. */
  private interface Main {
    void run(String[] args) throws IOException;
  }

  /** A program that ends with an exception. */
  private interface Program {
    void run() throws IOException;
  }

  private static void start(Program program) {
    Thread.ofPlatform()
        .daemon() // a quick start has no end of its own
        .start(() -> {
          try {
            program.run();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static TcpStream connectWhenItListens(InetSocketAddress address) throws IOException {
    long startNs = System.nanoTime();
    while (true) {
      try {
        return connect(TcpStream.open(Family.INET), address);
      } catch (ErrnoException e) {
        if (!e.errnoName().equals("ECONNREFUSED")) {
          throw e;
        }
        Await.requirePatience(startNs, "it listens");
      }
    }
  }

  private static TcpStream connect(TcpStream stream, InetSocketAddress address) throws IOException {
    long startNs = System.nanoTime();
    boolean connected = false;
    try {
      stream.startConnect(address);
      while (!stream.finishConnect()) {
        Await.requirePatience(startNs, "connected");
      }
      connected = true;
      return stream;
    } finally {
      if (!connected) {
        stream.close();
      }
    }
  }

  /** Takes every descriptor that is left. */
  private static void exhaust(List<TcpListener> hogs) throws IOException {
    try {
      while (hogs.size() <= LIMIT) {
        hogs.add(TcpListener.open(Family.INET));
      }
    } catch (ErrnoException e) {
      if (e.errnoName().equals("EMFILE")) {
        return;
      }
      throw e;
    }
    throw new AssertionError("the limit does not hold");
  }

  private static void requireEcho(TcpStream stream) throws IOException {
    ONE_BYTE.set(ValueLayout.JAVA_BYTE, 0, (byte) 'x');
    if (stream.write(ONE_BYTE) != 1) {
      throw new AssertionError("one byte did not fit");
    }
    awaitByte(stream);
  }

  private static void awaitByte(TcpStream stream) throws IOException {
    long startNs = System.nanoTime();
    int read;
    while ((read = stream.read(ONE_BYTE)) == IoStatus.WOULD_BLOCK) {
      Await.requirePatience(startNs, "echoed");
      Thread.onSpinWait();
    }
    if (read != 1) {
      throw new AssertionError("the connection has ended: " + stream);
    }
  }
}
