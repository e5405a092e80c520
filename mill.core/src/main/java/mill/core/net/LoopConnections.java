package mill.core.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.concurrent.CopyOnWriteArrayList;
import mill.core.DispatchMode;
import mill.core.EventLoop;
import mill.core.internal.loop.LoopAccess;
import mill.core.internal.loop.LoopExtension;
import mill.core.internal.loop.LoopSeam;
import mill.natives.memory.BufferPoolConfig;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one loop: who has something to do, who owes a read, what other threads ask
 * for, and the memory that they share.
 *
 * <pre>
 *   other threads ─▶ ring, flags ──┐
 *   events ─▶ a connection's pass ─┼─▶ agenda: flush, onOpen, onDrained ... ─▶ afterEvents, endOfTurn
 *   timers, tasks ─────────────────┘
 *   stopped before the kernel was empty ─▶ owing ─▶ endOfTurn: one pass each
 *                                       └▶ hungry: no memory, until some is released
 * </pre>
 *
 * <p>The loop's thread, but for what says something else. As the loop ends, the thread that ends
 * it.
 */
final class LoopConnections implements LoopExtension {
  private static final int RING = 4096;
  private static final int ROUNDS_BEFORE_END = 10_000;
  private static final VarHandle FLAGGED;

  static {
    try {
      FLAGGED =
          MethodHandles.lookup()
              .findVarHandle(LoopConnections.class, "flagged", SocketConnection.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Agenda agenda = new Agenda();
  final EventLoop loop;
  final LoopSeam seam;
  final Blocks blocks;
  final CommandRing ring = new CommandRing(RING);
  final SystemResolver resolver;

  final Vectors vectors = new Vectors();

  private final long originNs;
  private final Object endLock = new Object();
  private final CopyOnWriteArrayList<ServerPart> servers = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<PoolPart> pools = new CopyOnWriteArrayList<>();
  private final LoopPost post = new LoopPost();
  private final ArrayList<Dialer> dialers = new ArrayList<>(); // connections without a registration

  @SuppressWarnings({"unused", "FieldMayBeFinal"}) // through FLAGGED
  private volatile @Nullable SocketConnection flagged;

  /**
   * The loop's thread while it turns: written by it alone, so that only it can find itself here.
   */
  private @Nullable Thread turning;

  private volatile @Nullable Thread ending;
  private volatile boolean released;

  private @Nullable PoolWaits beginning; // who looks at the clock as the turn ends
  private boolean hasTurned; // for the last time
  private long turnNs;
  private boolean turnKnown;
  private int callbacks;
  private @Nullable MemorySegment nowhere;
  private byte[] scratch = {};

  private LoopConnections(EventLoop loop, LoopSeam seam, BufferPoolConfig memory) {
    this.loop = loop;
    this.seam = seam;
    originNs = seam.platform().nanoTime();
    blocks = new Blocks(memory, this::relieved);
    resolver = new SystemResolver(loop, seam.platform());
  }

  /**
   * The connections of a loop. Any thread.
   *
   * @throws IllegalArgumentException if the loop has workers
   * @throws IllegalStateException if the loop has ended
   */
  static LoopConnections of(EventLoop loop) {
    return of(loop, BufferPoolConfig.defaults());
  }

  /** The same, with a pool of another size if this is the first call for the loop. */
  static LoopConnections of(EventLoop loop, BufferPoolConfig memory) {
    if (loop.config().dispatch() == DispatchMode.WORKERS) {
      throw new IllegalArgumentException(
          "connections live on their loop's thread, and this loop has workers (DispatchMode.WORKERS):"
              + " use DispatchMode.INLINE; for work that takes long, pause() the connection,"
              + " offload() the work to an executor, and resume() when its result is there: "
              + loop);
    }
    return (LoopConnections)
        LoopAccess.of(loop).extension(seam -> new LoopConnections(loop, seam, memory));
  }

  /** Whether the calling thread is the one that calls the handlers. Any thread. */
  @SuppressWarnings("ReferenceEquality") // whether it is the very thread
  boolean isHere() {
    Thread current = Thread.currentThread();
    return current == turning || loop.isLoopThread() || current == ending;
  }

  /** Nanoseconds since this was made. Any thread. */
  long nowNs() {
    return seam.platform().nanoTime() - originNs;
  }

  /** The same, asked for once in a turn. */
  long turnNs() {
    if (!turnKnown) {
      turnKnown = true;
      turnNs = nowNs();
    }
    return turnNs;
  }

  /** Requests wait that have not looked at the clock: they do so as the turn ends. */
  void begins(PoolWaits waits) {
    waits.nextBeginning = beginning;
    beginning = waits;
  }

  /** Whether there is no turn any more. */
  boolean hasTurned() {
    return hasTurned;
  }

  /** A callback begins: another number for each. */
  void callbackBegins() {
    callbacks++;
  }

  int callbacks() {
    return callbacks;
  }

  /** Memory to write into that nobody reads. */
  MemorySegment nowhere() {
    MemorySegment memory = nowhere;
    if (memory == null) {
      memory = Arena.ofAuto().allocate(Blocks.LARGE);
      nowhere = memory;
    }
    return memory;
  }

  /** {@return so many bytes on the heap at least, for who needs them until it returns} */
  byte[] scratch(int bytes) {
    if (scratch.length < bytes) {
      scratch = new byte[bytes];
    }
    return scratch;
  }

  // Memory is not short any more.
  private void relieved() {
    agenda.relieved();
    servers.forEach(ServerPart::look);
  }

  // ---- other threads

  /** The connection's flags were raised. Any thread; once for each time they were all low. */
  void hasFlags(SocketConnection connection) {
    SocketConnection before;
    do {
      before = flagged;
      connection.nextFlagged = before;
    } while (!FLAGGED.compareAndSet(this, before, connection));
    if (released) {
      synchronized (endLock) {
        atEnd();
      }
    } else {
      seam.wake();
    }
  }

  /** Sends something to the loop's thread. Any thread. */
  void post(Posted what) {
    if (!post.send(what)) {
      return;
    }
    if (released) {
      synchronized (endLock) {
        atEnd();
      }
    } else {
      seam.wake();
    }
  }

  /** Lets what was posted arrive now, so that nobody overtakes it. */
  void takePosted() {
    post.take();
  }

  // The flags after what the ring held when they were raised, so that a thread's order is kept.
  private boolean takeCommands() {
    SocketConnection raised =
        flagged == null ? null : (SocketConnection) FLAGGED.getAndSet(this, null);
    long until = ring.claimed();
    boolean any = raised != null;
    while (ring.taken() < until) {
      SocketConnection connection = ring.poll();
      if (connection == null && raised == null) {
        break; // its producer is about to fill it in, and wakes the loop then
      }
      if (connection == null) {
        seam.platform().threads().onSpinWait();
      } else {
        any = true;
        connection.obey(ring.command(), ring.argument());
      }
    }
    while (raised != null) {
      SocketConnection next = raised.nextFlagged;
      raised.nextFlagged = null;
      raised.obeyFlags();
      raised = next;
    }
    return any;
  }

  // ---- the loop

  @Override
  public boolean hasWork() {
    return agenda.hasWork()
        || beginning != null
        || flagged != null
        || !ring.isEmpty()
        || !post.isEmpty();
  }

  @Override
  public boolean isDone() {
    return dialers.isEmpty() && !hasWork();
  }

  @Override
  public void afterEvents() {
    if (turning == null) {
      turning = Thread.currentThread();
    }
    agenda.run();
  }

  @Override
  public boolean endOfTurn() {
    boolean any = takeCommands();
    any |= post.take();
    any |= agenda.readOwed();
    any |= agenda.run();
    PoolWaits waits = beginning;
    if (waits != null) {
      beginWaits(waits);
    }
    turnKnown = false;
    return any;
  }

  private void beginWaits(PoolWaits first) {
    beginning = null;
    PoolWaits waits = first;
    while (waits != null) {
      PoolWaits next = waits.nextBeginning;
      waits.nextBeginning = null;
      waits.turnEnds();
      waits = next;
    }
  }

  @Override
  public void listenersEnd() {
    servers.forEach(ServerPart::loopShutsDown);
  }

  @Override
  public void shutDown() {
    pools.forEach(PoolPart::loopShutsDown);
    for (Dialer dialer : new ArrayList<>(dialers)) {
      dialer.owner().loopEnds();
    }
  }

  @Override
  public void turnsEnd() {
    turning = null;
    hasTurned = true;
    servers.forEach(ServerPart::loopEnds);
  }

  @Override
  public void loopEnds() {
    synchronized (endLock) {
      ending = Thread.currentThread(); // until released(), by the same one
      ring.close();
      pools.forEach(PoolPart::loopShutsDown);
      atEnd(ROUNDS_BEFORE_END); // handlers that never have enough go on until all are closed
      for (Dialer dialer : new ArrayList<>(dialers)) {
        dialer.owner().loopEnds();
      }
      atEnd(ROUNDS_BEFORE_END);
    }
  }

  @Override
  public void released() {
    synchronized (endLock) {
      released = true;
      atEnd();
      servers.clear();
      resolver.close();
      blocks.close();
      ending = null;
    }
  }

  private void atEnd() {
    atEnd(Integer.MAX_VALUE);
  }

  private void atEnd(int rounds) {
    Thread before = ending;
    ending = Thread.currentThread();
    turnKnown = false;
    for (int i = 0; i < rounds && (takeCommands() || post.take() || agenda.run()); i++) {
      // until nothing is left
    }
    ending = before;
  }

  // ---- who is there

  /** Told when memory is not short any more. Any thread. */
  void add(ServerPart server) {
    servers.add(server);
  }

  /** Any thread. */
  void remove(ServerPart server) {
    servers.remove(server);
  }

  /** How many sockets are on their way to stand. The loop's thread. */
  int attempts() {
    int all = 0;
    for (Dialer dialer : dialers) {
      all += dialer.attempts();
    }
    return all;
  }

  /** Told when the loop shuts down. Any thread. */
  void add(PoolPart pool) {
    pools.add(pool);
  }

  /** Any thread. */
  void remove(PoolPart pool) {
    pools.remove(pool);
  }

  void add(Dialer dialer) {
    dialers.add(dialer);
  }

  void remove(Dialer dialer) {
    dialers.remove(dialer);
  }
}
