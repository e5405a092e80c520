package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import mill.testing.Allocations;
import mill.testing.Await;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** To lease and to give back allocates nothing, on the loop's thread and on others. */
class PoolAllocationTest {
  private static final int ROUNDS = 10_000;

  @BeforeEach
  void counted() {
    Allocations.assumeCounted();
  }

  /** Leases and gives back again and again. */
  private static final class Again implements ConnectionHandler {
    final Semaphore done = new Semaphore(0);
    final boolean here;
    Lease lease;
    int left;

    Again(boolean here) {
      this.here = here;
    }

    @Override
    public void onOpen(Connection c) {
      if (here) {
        lease.release();
      } else {
        done.release();
      }
    }

    @Override
    public void onFrame(Connection c, MemorySegment m, long offset, long length) {}

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      if (here && --left > 0) {
        lease.request();
      } else {
        done.release();
      }
    }

    void await() throws Exception {
      if (!done.tryAcquire(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)) {
        throw Await.hung("a lease", null);
      }
    }
  }

  @Test
  void leaseAndReleaseOnTheLoopAllocateNothing() throws Exception {
    try (var all = new PoolFixture(PoolFixture.CONFIG)) {
      var again = new Again(true);
      again.lease = all.pool.newLease(all.target(), again);
      Allocations.requireNone(
          ROUNDS,
          () -> {
            again.left = ROUNDS;
            all.loops.loop.execute(again.lease::request);
            again.await();
          },
          all.loops.runner.thread().threadId());
    }
  }

  @Test
  void leaseAndReleaseOfAnotherThreadAllocateNothingOnTheLoop() throws Exception {
    try (var all = new PoolFixture(PoolFixture.CONFIG)) {
      var again = new Again(false);
      again.lease = all.pool.newLease(all.target(), again);
      Allocations.requireNone(
          ROUNDS,
          () -> {
            for (int i = 0; i < ROUNDS; i++) {
              again.lease.request();
              again.await();
              again.lease.release();
              again.await();
            }
          },
          all.loops.runner.thread().threadId());
    }
  }

  @Test
  void waitingForAConnectionAllocatesNothing() throws Exception {
    try (var all = new PoolFixture(PoolFixture.CONFIG.maxConnections(1, 1))) {
      var first = new Again(true);
      first.lease = all.pool.newLease(all.target(), first);
      var second = new Again(true);
      second.lease = all.pool.newLease(all.target(), second);
      Allocations.requireNone(
          2 * ROUNDS,
          () -> {
            first.left = ROUNDS;
            second.left = ROUNDS;
            all.loops.loop.execute(first.lease::request);
            all.loops.loop.execute(second.lease::request);
            first.await();
            second.await();
          },
          all.loops.runner.thread().threadId());
    }
  }
}
