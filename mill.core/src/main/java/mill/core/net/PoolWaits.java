package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.net.CloseCause.Kind;
import org.jspecify.annotations.Nullable;

/**
 * How long requests wait at a pool on one loop. All wait equally long and each target's are served
 * in their order, so it is the first of each that is looked at, and a request that is served costs
 * no timer. Their time begins as the turn ends in which they were asked, so that one that is served
 * in the same turn does not cost a look at the clock either. The loop's thread.
 */
final class PoolWaits extends LookTimer {
  private final PoolPart part;
  private boolean begins; // there are some whose time has not begun
  @Nullable PoolWaits nextBeginning;

  PoolWaits(PoolPart part) {
    super(part.home);
    this.part = part;
  }

  /**
   * A request waits from now on.
   *
   * @throws RejectedExecutionException if the loop has ended
   */
  void begin(Lease lease) {
    if (home.hasTurned()) {
      lease.waitsUntilNs = home.nowNs() + part.config.leaseNs;
      lookAt(lease.waitsUntilNs);
      return;
    }
    lease.waitsUntilNs = NEVER;
    if (!begins) {
      begins = true;
      home.begins(this);
    }
  }

  /** The time begins of those who still wait. */
  void turnEnds() {
    begins = false;
    long untilNs = NEVER;
    for (int i = 0; i < part.targets.size(); i++) {
      Lease lease = part.targets.get(i).lastWaiter;
      while (lease != null && lease.waitsUntilNs == NEVER) { // behind those who wait longer
        if (untilNs == NEVER) {
          untilNs = home.nowNs() + part.config.leaseNs;
        }
        lease.waitsUntilNs = untilNs;
        lease = lease.previous;
      }
    }
    lookAtIfItRuns(untilNs);
  }

  @Override
  void look() {
    long nowNs = home.nowNs();
    long nextNs = NEVER;
    for (int i = part.targets.size() - 1; i >= 0; i--) { // a target may be forgotten
      PoolTarget target = part.targets.get(i);
      Lease first = target.firstWaiter;
      while (first != null && first.waitsUntilNs <= nowNs) {
        part.refuse(first, Kind.LEASE_TIMEOUT, null);
        first = target.firstWaiter;
      }
      if (first != null) {
        nextNs = Math.min(nextNs, first.waitsUntilNs);
      }
    }
    lookAt(nextNs);
  }
}
