package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.net.CloseCause.Kind;

/**
 * How long requests wait at a pool on one loop. All wait equally long and each target's are served
 * in their order, so it is the first of each that is looked at, and a request that is served costs
 * no timer. The loop's thread.
 */
final class PoolWaits extends LookTimer {
  private final PoolPart part;

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
    lease.waitsUntilNs = home.nowNs() + part.config.leaseNs;
    lookAt(lease.waitsUntilNs);
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
