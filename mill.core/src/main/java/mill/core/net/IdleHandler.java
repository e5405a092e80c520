package mill.core.net;

import java.lang.foreign.MemorySegment;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolCounts.Count;
import mill.core.net.PooledConnection.State;

/** Has the connections of a pool that nobody else has, and watches them. The loop's thread. */
final class IdleHandler implements ConnectionHandler {
  private final PoolPart part;

  IdleHandler(PoolPart part) {
    this.part = part;
  }

  private PooledConnection entry(Connection of) {
    var watcher = ((SocketConnection) of).watcher;
    if (watcher instanceof PooledConnection entry) {
      return entry;
    }
    throw new IllegalStateException("not of a pool: " + of);
  }

  @Override
  public void onOpen(Connection c) {
    PooledConnection entry = entry(c);
    if (entry.state == State.CONNECTING) {
      part.counts.add(Count.CONNECTED, 1);
      part.ages().isBorn(entry);
      entry.connection.framer(Framer.RAW);
      part.available(entry);
    } else if (entry.state == State.RETURNING && entry.connection.isClean()) {
      part.available(entry);
    } else {
      part.retire(entry, Count.DISCARDED);
      part.serve(entry.target);
    }
  }

  /** Nobody has asked for anything. */
  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
    PooledConnection entry = entry(c);
    part.retire(entry, entry.state == State.IDLE ? Count.EVICTED : Count.DISCARDED);
    c.reset();
  }

  @Override
  public void onEnd(Connection c) {
    PooledConnection entry = entry(c);
    part.retire(entry, entry.state == State.IDLE ? Count.EVICTED : Count.DISCARDED);
  }

  @Override
  public void onClosed(Connection c, CloseCause cause) {
    if (cause.kind() == Kind.HANDED_OVER && entry(c).lease == null) {
      c.reset(); // somebody has given it back, and taken it all the same
    }
  }
}
