package mill.sim.programs.net;

import java.time.Duration;
import java.util.List;
import mill.core.net.ConnectionPool;
import mill.core.net.PoolMetrics;
import mill.core.net.PoolReport;

/** What the report of a pool's drain has to say. */
final class PoolDrainBooks {
  private final ConnectionPool pool;
  private PoolMetrics before;
  private final List<PoolUser> users;
  private boolean exact;
  private PoolReport report; // null before it is there

  PoolDrainBooks(ConnectionPool pool, List<PoolUser> users) {
    this.pool = pool;
    this.users = users;
  }

  /**
   * Begins it.
   *
   * @param here whether this is the loop's thread: if nothing is on its way to there, the report is
   *     about what there is now
   */
  void begin(Duration time, boolean here) {
    before = pool.metrics();
    exact = here && users.stream().noneMatch(PoolUser::isOnItsWay);
    pool.drain(time).thenAccept(told -> report = told);
  }

  boolean isDone() {
    return report != null;
  }

  /** When it is done. */
  void verify(Ledger ledger) {
    boolean adds =
        report.returned() >= 0
            && (!exact
                || (report.waitersFailed() == before.waiting()
                    && report.cancelled() == before.connecting()
                    && report.idleClosed() == before.idle()
                    && report.returned() + report.forced() == before.leased()));
    if (!adds) {
      ledger.fail("%s was drained, and the report is %s".formatted(before, report));
    }
    PoolMetrics after = pool.metrics();
    if (after.places() != 0 || after.waiting() != 0) {
      ledger.fail("it is drained, and has " + after);
    }
  }
}
