package mill.core;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import mill.core.group.AcceptMode;
import mill.core.group.EventLoopGroup;
import mill.core.group.GroupListener;
import mill.core.group.LoopGroupConfig;
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
 * those that it cannot accept, and accepts them when descriptors are free. Its classes lie in
 * folders: loading one takes a descriptor as well.
 *
 * <p>Arguments: {@code loop}, {@code workers} or {@code group}, and {@code cold} if there is to be
 * no connection before.
 */
public final class DescriptorLimitProgram {
  /** What to start this with. */
  public static final int LIMIT = 128;

  private static final int WAITING = 8;
  private static final int PAUSES = 6;
  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private DescriptorLimitProgram() {}

  /** What accepts, and runs. */
  private interface Server extends AutoCloseable {
    EventLoop loop();

    InetSocketAddress address();

    long pauses();

    int accepted();

    Throwable failure();

    @Override
    void close();
  }

  private static final class OfALoop implements Server {
    private final EventLoop loop;
    private final LoopListener listener;
    private final LoopRunner runner;

    OfALoop(DispatchMode dispatch) throws IOException {
      loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).workers(1).build());
      var config = ListenerConfig.builder().backlog(WAITING).build();
      listener = loop.listen(Net.loopback(), config, stream -> serve(loop, stream));
      runner = LoopRunner.startAndAwait(loop);
    }

    @Override
    public EventLoop loop() {
      return loop;
    }

    @Override
    public InetSocketAddress address() {
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public long pauses() {
      return listener.pauses();
    }

    @Override
    public int accepted() {
      return listener.openConnections();
    }

    @Override
    public Throwable failure() {
      return runner.uncaught().isEmpty()
          ? listener.failure().orElse(null)
          : runner.uncaught().getFirst();
    }

    @Override
    public void close() {
      loop.close();
    }
  }

  private static final class OfAGroup implements Server {
    private final EventLoopGroup group;
    private final GroupListener listener;

    OfAGroup() throws IOException {
      group = EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build()).start();
      listener =
          group.listen(Net.loopback(), WAITING, AcceptMode.HANDOFF, DescriptorLimitProgram::serve);
    }

    @Override
    public EventLoop loop() {
      return group.loops().getFirst();
    }

    @Override
    public InetSocketAddress address() {
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public long pauses() {
      return listener.pauses();
    }

    @Override
    public int accepted() {
      return Math.toIntExact(listener.accepted(0) + listener.accepted(1));
    }

    @Override
    public Throwable failure() {
      return listener.failure().or(group::failure).orElse(null);
    }

    @Override
    public void close() {
      group.close();
    }
  }

  private static Server open(String kind) throws IOException {
    return switch (kind) {
      case "loop" -> new OfALoop(DispatchMode.INLINE);
      case "workers" -> new OfALoop(DispatchMode.WORKERS);
      default -> new OfAGroup();
    };
  }

  private static void serve(EventLoop loop, TcpStream stream) throws IOException {
    loop.register(stream, Interest.READABLE, (registration, readiness) -> echo(stream));
  }

  public static void main(String[] args) throws Exception {
    boolean cold = args.length > 1 && args[1].equals("cold");
    try (Server server = open(args[0])) {
      TcpStream living = cold ? null : TcpStream.connect(server.address());
      if (living != null) {
        requireEcho(living);
      }
      // The loop is held up until the last descriptor is taken.
      CountDownLatch exhausted =
          server.loop().config().dispatch() == DispatchMode.WORKERS
              ? LoopRunner.holdWorkers(server.loop())
              : LoopRunner.hold(server.loop());
      var waiting = new ArrayList<TcpStream>();
      for (int i = 0; i < WAITING; i++) {
        waiting.add(TcpStream.connect(server.address()));
      }
      int before = server.accepted();
      var hogs = new ArrayList<TcpListener>();
      exhaust(hogs);
      long startNs = System.nanoTime();
      exhausted.countDown();
      while (server.pauses() < PAUSES) {
        if (living != null) {
          requireEcho(living);
        }
        requireAccepting(server);
        requirePatience(startNs);
        exhaust(hogs); // the virtual machine may have had one open for a moment, and closed it
      }
      long pauses = server.pauses();
      long elapsedNs = System.nanoTime() - startNs;
      // Each pause lasts, so their number is bounded by the time; a loop that spins has thousands.
      require((pauses - 1) * Acceptor.BACK_OFF_NS <= elapsedNs, pauses + " in ns: " + elapsedNs);
      require(server.accepted() < before + WAITING, "accepted out of nothing");

      hogs.forEach(TcpListener::close);
      for (TcpStream stream : waiting) {
        requireEcho(stream);
      }
      requireAccepting(server);
    }
    System.out.println("served and resumed");
  }

  private static void requireAccepting(Server server) {
    if (server.failure() != null) {
      throw new AssertionError("accepting has ended", server.failure());
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
