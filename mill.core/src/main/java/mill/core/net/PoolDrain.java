package mill.core.net;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import mill.core.Timeout;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolCounts.Count;
import mill.core.net.PooledConnection.State;
import org.jspecify.annotations.Nullable;

/**
 * The end of a pool on one loop. The loop's thread, but for what says something else.
 *
 * <pre>
 *   closeDoor: waiters fail, idle ones are closed ─▶ leased ones come back ─▶ done
 *                                                    the time is over: reset ──▲
 * </pre>
 */
final class PoolDrain extends Posted {
  private static final long NOT_ASKED = Long.MAX_VALUE;

  private final PoolPart part;
  final CompletableFuture<PoolReport> done = new CompletableFuture<>();

  private volatile long timeNs = NOT_ASKED; // the shortest that was asked for
  private @Nullable Timeout timer;
  private int waitersFailed;
  private int cancelled;
  private int idleClosed;
  private int leased;
  private int forced;

  PoolDrain(PoolPart part) {
    this.part = part;
  }

  /** Begins, or comes nearer to its end if that is sooner. Any thread. */
  void begin(long atMostNs) {
    synchronized (this) {
      timeNs = Math.min(timeNs, atMostNs);
    }
    part.send(this);
  }

  @Override
  void arrived() {
    closeDoor();
    if (timeNs == 0) {
      force();
    } else if (!done.isDone()) {
      forceIn(timeNs);
    }
    look();
  }

  private void forceIn(long forNs) {
    Timeout made = timer;
    if (made == null) {
      made = part.home.loop.newTimeout(this::force);
      timer = made;
    }
    try {
      long remaining = made.remainingNs();
      if (remaining < 0 || forNs < remaining) {
        made.rescheduleNs(forNs);
      }
    } catch (RejectedExecutionException e) {
      force(); // the loop has ended
    }
  }

  /** Lends nothing any more. */
  void closeDoor() {
    if (part.isClosed) {
      return;
    }
    part.isClosed = true;
    part.ages().stop();
    part.waits().stop();
    for (int i = part.targets.size() - 1; i >= 0; i--) {
      PoolTarget target = part.targets.get(i);
      while (target.firstWaiter != null) {
        waitersFailed++;
        part.refuse(target.firstWaiter, Kind.SHUTDOWN, null);
      }
    }
    for (int i = part.all.size() - 1; i >= 0; i--) {
      PooledConnection entry = part.all.get(i);
      switch (entry.state) {
        case CONNECTING, TRIED -> {
          cancelled++;
          part.retire(entry, Count.DISCARDED);
        }
        case IDLE -> {
          idleClosed++;
          part.retire(entry, Count.DISCARDED);
        }
        case LEASED, RETURNING -> leased++;
        case CLOSING -> {}
      }
    }
    look();
  }

  private void force() {
    for (int i = part.all.size() - 1; i >= 0; i--) {
      PooledConnection entry = part.all.get(i);
      if (entry.state == State.LEASED || entry.state == State.RETURNING) {
        forced++;
      }
      // Perhaps it is lent, and its user has not heard of it.
      entry.connection.resetFor(Kind.SHUTDOWN, null);
    }
  }

  /** A place is free, perhaps the last one. */
  void look() {
    if (part.isClosed && part.all.isEmpty() && !done.isDone()) {
      if (timer != null) {
        timer.cancel();
      }
      part.home.remove(part);
      done.complete(new PoolReport(waitersFailed, cancelled, idleClosed, leased - forced, forced));
    }
  }
}
