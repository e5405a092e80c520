package mill.core.group;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import mill.core.LoopRunner;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Sockets.Family;
import mill.testing.Await;
import mill.testnet.Net;

/**
 * A server that runs out of descriptors: it serves the connection that it has, does not spin on
 * those that it cannot accept, and accepts them when descriptors are free.
 */
final class DescriptorLimitProgram {
  /** What to start this with. */
  static final int LIMIT = 128;

  private static final int WAITING = 8;
  private static final int PAUSES = 6;
  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private DescriptorLimitProgram() {}

  public static void main(String[] args) throws Exception {
    loadAllClasses("mill.natives");
    loadAllClasses("mill.core");
    var config = LoopGroupConfig.builder().loops(2).build();
    try (EventLoopGroup group = EventLoopGroup.open(config)) {
      group.start();
      GroupListener listener =
          group.listen(
              Net.loopback(),
              WAITING,
              AcceptMode.HANDOFF,
              (loop, stream) ->
                  loop.register(
                      stream, Interest.READABLE, (registration, readiness) -> echo(stream)));
      var address = (InetSocketAddress) listener.localAddress();
      TcpStream living = TcpStream.connect(address);
      requireEcho(living);

      // The acceptor's loop is held up until the last descriptor is taken.
      CountDownLatch exhausted = LoopRunner.hold(group.loops().getFirst());
      var waiting = new ArrayList<TcpStream>();
      for (int i = 0; i < WAITING; i++) {
        waiting.add(TcpStream.connect(address));
      }
      var hogs = new ArrayList<TcpListener>();
      exhaust(hogs);
      long startNs = System.nanoTime();
      exhausted.countDown();
      while (listener.pauses() < PAUSES) {
        requireEcho(living);
        if (listener.failure().isPresent()) {
          throw new AssertionError("accepting has ended", listener.failure().get());
        }
        requirePatience(startNs);
        exhaust(hogs); // the virtual machine may have had one open for a moment, and closed it
      }
      long pauses = listener.pauses();
      long elapsedNs = System.nanoTime() - startNs;
      // Each pause lasts, so their number is bounded by the time; a loop that spins has thousands.
      require((pauses - 1) * Acceptor.BACK_OFF_NS <= elapsedNs, pauses + " in ns: " + elapsedNs);
      long accepted = listener.accepted(0) + listener.accepted(1);
      require(accepted < 1 + WAITING, "accepted out of nothing");

      hogs.forEach(TcpListener::close);
      for (TcpStream stream : waiting) {
        requireEcho(stream);
      }
      require(listener.failure().isEmpty(), "accepting has ended");
    }
    System.out.println("served and resumed");
  }

  // Loading a class from a folder takes a descriptor, and there will be none.
  private static void loadAllClasses(String module) throws IOException {
    ModuleReference reference =
        ModuleLayer.boot().configuration().findModule(module).orElseThrow().reference();
    Module home = ModuleLayer.boot().findModule(module).orElseThrow();
    try (ModuleReader reader = reference.open();
        Stream<String> files = reader.list()) {
      files
          .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
          .filter(file -> !file.contains("Test")) // they want JUnit
          .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
          .forEach(name -> Class.forName(home, name));
    }
  }

  /** Takes every descriptor that is left. */
  private static void exhaust(List<TcpListener> hogs) throws IOException {
    try {
      while (hogs.size() <= LIMIT) {
        hogs.add(TcpListener.open(Family.INET));
      }
    } catch (ErrnoException e) {
      require(e.errnoName().equals("EMFILE"), e.toString());
      return;
    }
    throw new AssertionError("the limit does not hold");
  }

  private static void echo(TcpStream stream) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16);
      int read = stream.read(buffer);
      if (read > 0) {
        stream.write(buffer, 0, read);
      } else if (read == IoStatus.END_OF_STREAM) {
        stream.close();
      }
    }
  }

  /** Without a poller, which would take descriptors. */
  private static void requireEcho(TcpStream stream) throws IOException {
    long startNs = System.nanoTime();
    while (!stream.finishConnect()) {
      requirePatience(startNs);
    }
    while (stream.write(ONE_BYTE) != 1) {
      requirePatience(startNs);
    }
    while (stream.read(ONE_BYTE) != 1) {
      requirePatience(startNs);
    }
  }

  private static void requirePatience(long startNs) {
    require(System.nanoTime() - startNs < Await.PATIENCE_NS, "not in time");
    Thread.onSpinWait();
  }

  private static void require(boolean met, String what) {
    if (!met) {
      throw new AssertionError(what);
    }
  }
}
