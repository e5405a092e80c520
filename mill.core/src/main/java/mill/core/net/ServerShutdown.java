package mill.core.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import mill.core.ShutdownReport;
import mill.core.ShutdownReport.Undelivered;
import mill.core.internal.OwnThreadFuture;
import mill.core.internal.SafeText;

/**
 * The books of a server's shutdown: who was told with how much to deliver, and what became of it.
 * Any thread: the loops of a group work on it at the same time.
 */
final class ServerShutdown {
  private static final String OWN_THREAD =
      "a thread of the server's loops cannot wait for what only they bring about:"
          + " go on in thenAccept or whenComplete, or wait on another thread";

  private final long startNs;
  private final CompletableFuture<ShutdownReport> reported;
  private final int listenersClosed;
  private final BooleanSupplier areOnTheirWay; // accepted, and a loop is still to adopt them
  private final Object lock = new Object();

  // By connection, what it had queued when it was told. Nothing goes by its order.
  @GuardedBy("lock")
  private final IdentityHashMap<SocketConnection, Long> told = new IdentityHashMap<>();

  @GuardedBy("lock")
  private final List<Undelivered> undelivered = new ArrayList<>();

  @GuardedBy("lock")
  private int partsToTell;

  @GuardedBy("lock")
  private boolean forcing;

  @GuardedBy("lock")
  private int ended;

  @GuardedBy("lock")
  private int forced;

  @GuardedBy("lock")
  private long queuedBytes;

  @GuardedBy("lock")
  private long undeliveredBytes;

  ServerShutdown(
      long startNs,
      int parts,
      int listenersClosed,
      BooleanSupplier areOnTheirWay,
      BooleanSupplier isOwnThread) {
    this.areOnTheirWay = areOnTheirWay;
    this.startNs = startNs;
    this.listenersClosed = listenersClosed;
    partsToTell = parts;
    reported = new OwnThreadFuture<>(isOwnThread, OWN_THREAD);
  }

  CompletionStage<ShutdownReport> stage() {
    return reported.copy(); // what its holder does to the copy is his own business
  }

  /** A connection is about to be told. On its loop's thread. */
  void joins(SocketConnection connection) {
    synchronized (lock) {
      told.put(connection, connection.queuedBytes());
    }
  }

  /** All connections of one loop were told. */
  void partIsTold(long nowNs) {
    synchronized (lock) {
      partsToTell--;
    }
    look(nowNs);
  }

  /** From now on what ends is forced. */
  void force() {
    synchronized (lock) {
      forcing = true;
    }
  }

  /** A connection has ended. On its loop's thread. */
  void left(SocketConnection connection, long left) {
    synchronized (lock) {
      Long before = told.remove(connection);
      queuedBytes += before == null ? left : Math.max(before, left);
      undeliveredBytes += left;
      if (forcing) {
        forced++;
      } else {
        ended++;
      }
      if (left > 0 && undelivered.size() < ShutdownReport.MAX_LISTED) {
        undelivered.add(new Undelivered(SafeText.of(connection), left));
      }
    }
    look(connection.home.seam.platform().nanoTime());
  }

  /** Reports, if nobody is left. */
  void look(long nowNs) {
    ShutdownReport report;
    synchronized (lock) {
      // In this order: a loop that has been told hands on no more.
      if (partsToTell > 0 || areOnTheirWay.getAsBoolean() || !told.isEmpty() || reported.isDone()) {
        return;
      }
      report =
          new ShutdownReport(
              forced == 0 && !forcing,
              listenersClosed,
              ended,
              forced,
              queuedBytes,
              undeliveredBytes,
              undelivered,
              0,
              0,
              List.of(),
              Duration.ofNanos(nowNs - startNs));
    }
    reported.complete(report);
  }
}
