package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;

/** A pool on a loop that runs, and a server on another one that echoes lines. */
final class PoolFixture implements AutoCloseable {
  static final ConnectionConfig LINES = ConnectionConfig.defaults().framer(Framer.lines());
  static final ConnectionPoolConfig CONFIG = ConnectionPoolConfig.defaults().connection(LINES);

  final Loops loops;
  final Loops far;
  final TcpServer server;
  final ConnectionPool pool;

  /** The server's ends. */
  final LinkedBlockingQueue<Connection> accepted = new LinkedBlockingQueue<>();

  PoolFixture(ConnectionPoolConfig config) throws Exception {
    loops = Loops.start();
    far = Loops.start();
    server = far.listen(LINES, () -> new Echo());
    pool = ConnectionPool.open(loops.loop, config);
  }

  private final class Echo implements ConnectionHandler {
    @Override
    public void onOpen(Connection c) {
      accepted.add(c);
    }

    @Override
    public void onFrame(Connection c, java.lang.foreign.MemorySegment m, long offset, long length) {
      c.out().put(m, offset, length);
    }
  }

  InetSocketAddress target() throws Exception {
    return (InetSocketAddress) server.localAddress();
  }

  PoolPart part() {
    return pool.choose();
  }

  Connection serverEnd() throws Exception {
    Connection end = accepted.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
    assertThat(end).as("the server's end").isNotNull();
    return end;
  }

  Holder ask() throws Exception {
    return ask(target());
  }

  Holder ask(java.net.SocketAddress target) {
    var holder = new Holder();
    holder.lease = pool.lease(target, holder.heard);
    return holder;
  }

  /** A lease, and what its handler hears. */
  static final class Holder {
    final Recorder heard = new Recorder();
    Lease lease;

    Connection open() {
      return heard.connected();
    }

    CloseCause.Kind end() {
      return heard.ended().kind();
    }
  }

  /** Waits until the loop has done what was asked of it so far, and some more turns. */
  void turns() throws Exception {
    for (int i = 0; i < 3; i++) {
      loops.run(() -> true);
    }
  }

  void until(Await.Condition condition) throws Exception {
    try {
      Await.eventually("the pool", condition);
    } catch (mill.testing.HangError e) {
      throw new AssertionError(pool.toString(), e);
    }
  }

  /** What must hold at any time. On the loop's thread. */
  static void check(PoolPart part) {
    PoolMetrics metrics = part.counts.snapshot();
    assertThat(metrics.places()).as("places: %s", metrics).isEqualTo(part.all.size());
    assertThat(part.all.size()).isLessThanOrEqualTo(part.config.maxTotal);
    int idle = 0;
    int waiting = 0;
    int places = 0;
    for (PoolTarget target : part.targets) {
      idle += target.idle;
      waiting += target.waiting;
      places += target.places;
      assertThat(target.places).isLessThanOrEqualTo(part.config.maxPerTarget);
      int chained = 0;
      for (Lease l = target.firstWaiter; l != null; l = l.next) {
        assertThat(l.step).isEqualTo(Lease.Step.WAITS);
        chained++;
      }
      assertThat(chained).isEqualTo(target.waiting);
      int stacked = 0;
      for (PooledConnection e = target.topIdle; e != null; e = e.below) {
        assertThat(e.state).isEqualTo(PooledConnection.State.IDLE);
        assertThat(e.lease).isNull();
        stacked++;
      }
      assertThat(stacked).isEqualTo(target.idle);
    }
    assertThat(idle).isEqualTo(metrics.idle());
    assertThat(waiting).isEqualTo(metrics.waiting());
    assertThat(places).isEqualTo(part.all.size());
    var lent = new java.util.HashSet<Lease>();
    for (int i = 0; i < part.all.size(); i++) {
      PooledConnection entry = part.all.get(i);
      assertThat(entry.index).isEqualTo(i);
      if (entry.lease != null) {
        assertThat(lent.add(entry.lease)).as("a lease has one connection").isTrue();
      }
    }
  }

  @Override
  public void close() {
    loops.close();
    far.close();
  }
}
