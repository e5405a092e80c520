package mill.core.net;

import java.util.concurrent.RejectedExecutionException;
import mill.core.net.CloseCause.Kind;

/**
 * How long requests wait at a pool on one loop. All wait equally long and each target's are served
 * in their order, so it is the first of each that is looked at, and a request that is served costs
 * no timer. The loop's thread.
 */
final class PoolWaits {
  private final PoolPart part;
  private final LookTimer timer;

  PoolWaits(PoolPart part) {
    this.part = part;
    timer = new LookTimer(part.home, this::look);
  }

  /**
   * A request waits from now on.
   *
   * @throws RejectedExecutionException if the loop has ended
   */
  void begin(Lease lease) {
    lease.waitsUntilNs = part.home.nowNs() + part.config.leaseNs;
    timer.lookAt(lease.waitsUntilNs);
  }

  void stop() {
    timer.stop();
  }

  private void look() {
    long nowNs = part.home.nowNs();
    long nextNs = LookTimer.NEVER;
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
    timer.lookAt(nextNs);
  }
}
