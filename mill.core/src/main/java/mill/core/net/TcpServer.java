package mill.core.net;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.notNegative;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.core.Timeout;
import mill.core.group.EventLoopGroup;
import mill.core.internal.Durations;
import mill.natives.net.StreamSocket;

/**
 * Accepts connections, over TCP or a Unix socket, on one loop or on those of a group. Any thread.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=echo}
 *
 * <p>Without descriptors or memory, at {@link ConnectionConfig#maxConnections}, faster than {@link
 * ConnectionConfig#acceptRate} and while {@link #pauseAccept} says so, connections wait in the
 * backlog; accepting goes on by itself. Closing the loop closes the server. When one loop of a
 * group ends alone, the others accept; when all have ended so, {@link #failure} tells.
 */
public final class TcpServer implements AutoCloseable {
  private final ConnectionConfig config;
  private final Supplier<? extends ConnectionHandler> handlers;
  private final ServerPlaces places;
  private final List<ServerPart> parts; // one for each loop
  private final ServerListeners listeners;
  private final SocketAddress address;
  private final AtomicInteger turns = new AtomicInteger();
  private final AtomicInteger onTheirWay = new AtomicInteger(); // tasks that bring some to loops
  private final AtomicReference<ServerShutdown> shutdown = new AtomicReference<>();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile boolean holdsAccept;

  private TcpServer(
      List<EventLoop> loops,
      BooleanSupplier isToEnd,
      SocketAddress wanted,
      ConnectionConfig config,
      Supplier<? extends ConnectionHandler> handlers)
      throws IOException {
    this.config = requireNonNull(config, "config");
    this.handlers = requireNonNull(handlers, "handlers");
    parts = loops.stream().map(loop -> new ServerPart(this, LoopConnections.of(loop))).toList();
    places = new ServerPlaces(config, parts.getFirst().home.seam.platform());
    listeners = new ServerListeners(this, parts, isToEnd);
    for (ServerPart part : parts) {
      part.home.add(part);
    }
    boolean done = false;
    try {
      address = listeners.start(requireNonNull(wanted, "address"));
      done = true;
    } finally {
      if (!done) {
        parts.forEach(part -> part.home.remove(part));
      }
    }
  }

  /**
   * Accepts connections on one loop, from now on if it runs, else from its start. Any thread.
   *
   * @param loop calls the handlers, on its thread
   * @param address where; port 0 lets the system choose, {@link #localAddress} tells what
   * @param config how each connection is treated
   * @param handlers gives the handler of each, on the loop's thread; always the same one if it
   *     wants to. If it throws, that is logged, and the connection is reset
   * @return the server
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} or {@code EACCES} for instance;
   *     nothing stays open
   * @throws IllegalArgumentException if the loop has workers
   * @throws IllegalStateException if the loop has ended
   */
  public static TcpServer listen(
      EventLoop loop,
      SocketAddress address,
      ConnectionConfig config,
      Supplier<? extends ConnectionHandler> handlers)
      throws IOException {
    return new TcpServer(List.of(loop), () -> true, address, config, handlers);
  }

  /**
   * Accepts connections on the loops of a group: on each by itself where the system spreads them,
   * else on one that hands them to all in turn. Any thread.
   *
   * @param group its loops call the handlers, each those of its own connections
   * @param address as for one loop
   * @param config as for one loop; limits are those of all loops together
   * @param handlers as for one loop, on all of their threads
   * @return the server
   * @throws IOException if the kernel refuses; nothing stays open
   * @throws IllegalArgumentException if the loops have workers
   * @throws IllegalStateException if a loop has ended
   */
  public static TcpServer listen(
      EventLoopGroup group,
      SocketAddress address,
      ConnectionConfig config,
      Supplier<? extends ConnectionHandler> handlers)
      throws IOException {
    return new TcpServer(group.loops(), group::isShutDown, address, config, handlers);
  }

  // ---- accepting

  ConnectionConfig config() {
    return config;
  }

  ServerPlaces places() {
    return places;
  }

  ConnectionHandler newHandler() {
    return requireNonNull(handlers.get(), "the factory gave no handler");
  }

  boolean holdsAccept() {
    return holdsAccept;
  }

  /** There may be room again. Any thread. */
  void look() {
    listeners.look();
  }

  /** A loop takes nothing over any more. On its thread, or on the one that closes it. */
  void loopEnds(LoopConnections home) {
    listeners.loopEnds(home);
  }

  /** Whether other loops accept what this one has accepted so far. Any thread. */
  boolean othersTakeOver(LoopConnections home) {
    return listeners.othersTakeOver(home);
  }

  /** A connection was accepted on a loop's thread: it stays there, or goes where it is due. */
  void accepted(LoopConnections home, StreamSocket socket, boolean staysHere) throws IOException {
    int first = staysHere ? partOf(home) : Math.floorMod(turns.getAndIncrement(), parts.size());
    for (int i = 0; i < parts.size(); i++) {
      ServerPart part = parts.get((first + i) % parts.size());
      if (part.hasEnded()) {
        continue;
      }
      if (part.home.equals(home)) {
        part.adopt(socket);
        return;
      }
      if (handOff(part, socket)) {
        return;
      }
    }
    places.refuse();
    socket.close();
  }

  private int partOf(LoopConnections home) {
    int index = 0;
    while (!parts.get(index).home.equals(home)) {
      index++;
    }
    return index;
  }

  private boolean handOff(ServerPart part, StreamSocket socket) {
    areOnTheirWay();
    try {
      part.home.loop.execute(() -> adopt(part, socket));
      return true;
    } catch (RejectedExecutionException e) {
      haveArrived();
      return false; // as many tasks wait as it allows, or it has ended
    }
  }

  /** One or several were accepted that a task is to bring to a loop. Any thread. */
  void areOnTheirWay() {
    onTheirWay.incrementAndGet();
  }

  /** They are there, or closed, or on their way to another loop, as has been said before. */
  void haveArrived() {
    ServerShutdown books = onTheirWay.decrementAndGet() == 0 ? shutdown.get() : null;
    if (books != null) {
      books.look(nowNs());
    }
  }

  private long nowNs() {
    return parts.getFirst().home.seam.platform().nanoTime();
  }

  private void adopt(ServerPart part, StreamSocket socket) {
    try {
      if (part.hasEnded()) {
        accepted(part.home, socket, false); // it has ended meanwhile
      } else {
        part.adopt(socket);
      }
    } catch (IOException | RuntimeException e) {
      socket.close();
      ConnectionLog.factoryThrew(this, e);
    } finally {
      haveArrived();
    }
  }

  void failed(Throwable error) {
    if (failure.compareAndSet(null, error)) {
      ConnectionLog.acceptingEnded(this, error);
    }
  }

  // ---- what its users see

  /** {@return where this listens, with the port that was chosen if that was left to the system} */
  public SocketAddress localAddress() {
    return address;
  }

  /** {@return how many connections there are: those whose handlers have not heard of their end} */
  public int connections() {
    return parts.stream().mapToInt(ServerPart::connections).sum();
  }

  /**
   * {@return how many connections were closed as they were accepted: too many of their address,
   * reset already, or no loop took them}
   */
  public long refused() {
    return places.refused();
  }

  /** {@return how often accepting paused because the system was out of descriptors or memory} */
  public long acceptPauses() {
    return listeners.pauses();
  }

  /**
   * {@return how often accepting paused because of {@link ConnectionConfig#acceptRate}} It goes on
   * by itself.
   */
  public long ratePauses() {
    return places.ratePauses();
  }

  /** {@return why accepting has ended by itself, which was logged as well; empty if it has not} */
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.get());
  }

  /**
   * Does something with each open connection, on its loop's thread, in the order of accepting: at
   * once for those of the loop that this is called on, for others as a task.
   *
   * @param action what to do. What it throws goes to the thread's uncaught-exception handler if it
   *     runs as a task
   * @throws RejectedExecutionException if a loop takes no more tasks
   */
  public void forEach(Consumer<? super Connection> action) {
    requireNonNull(action, "action");
    for (ServerPart part : parts) {
      if (part.home.isHere()) {
        part.forEach(action);
      } else {
        part.home.loop.execute(() -> part.forEach(action));
      }
    }
  }

  /**
   * Stops accepting, until it is let go on; connections wait in the backlog.
   *
   * @param on whether it stops
   */
  public void pauseAccept(boolean on) {
    holdsAccept = on;
    if (!on) {
      look();
    }
  }

  /**
   * Listens no more, after what waits has been accepted as far as the limits allow. The connections
   * go on. A second call does nothing.
   */
  @Override
  public void close() {
    listeners.close();
    for (ServerPart part : parts) {
      part.home.remove(part);
    }
  }

  /**
   * Shuts this server down gracefully, and leaves its loops alone: listens no more, lets each
   * handler hear {@link ConnectionHandler#onShutdown}, and closes what is still there when the time
   * is over with {@link CloseCause.Kind#SHUTDOWN}. A second call returns the outcome of the first.
   *
   * @param timeout how long to let the handlers finish; 0 to force at once
   * @return completes when every handler has heard of its end. What is queued when a handler hears
   *     of the shutdown, or when its connection ends if that was more, is delivered or reported. To
   *     wait for it on a thread of the loops throws an {@link IllegalStateException}
   * @throws IllegalArgumentException if the time is negative
   */
  public CompletionStage<ShutdownReport> shutdown(Duration timeout) {
    notNegative("the timeout", timeout, "use 0 to force at once");
    var books =
        new ServerShutdown(
            nowNs(), parts.size(), listeners.open(), () -> onTheirWay.get() > 0, this::isOwnThread);
    if (!shutdown.compareAndSet(null, books)) {
      return requireNonNull(shutdown.get()).stage();
    }
    close();
    long timeoutNs = Durations.saturatedNs(timeout);
    for (ServerPart part : parts) {
      begin(part, books, timeoutNs);
    }
    return books.stage();
  }

  private void begin(ServerPart part, ServerShutdown books, long timeoutNs) {
    try {
      part.home.loop.execute(() -> {
        part.shutDown(books);
        if (timeoutNs == 0) {
          force(part, books);
        } else {
          forceAfter(timeoutNs, part, books);
        }
        books.partIsTold(nowNs());
      });
    } catch (RejectedExecutionException e) {
      books.partIsTold(nowNs()); // it has ended, and so have they
    }
  }

  private static void forceAfter(long timeoutNs, ServerPart part, ServerShutdown books) {
    try {
      Timeout forcing = part.home.loop.newTimeout(() -> force(part, books));
      forcing.rescheduleNs(timeoutNs);
      var _ = books.stage().thenRun(forcing::cancel); // when there is nobody left to force
    } catch (RejectedExecutionException e) {
      // One of the loop's last tasks: it is about to close them itself.
    }
  }

  private static void force(ServerPart part, ServerShutdown books) {
    books.force();
    part.force();
  }

  private boolean isOwnThread() {
    return parts.stream().anyMatch(part -> part.home.loop.isOwnThread());
  }

  /** {@return address, and how many connections there are} */
  @Override
  public String toString() {
    return "TcpServer[" + address + ", " + connections() + " connections]";
  }
}
