package mill.sim.programs;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.natives.CurrentPlatform;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** Offloaded work: its future completes, and with its result if that was there in time. */
final class TrackedOffload {
  private final Simulation sim;
  private final EventLoop loop;
  private final boolean throwing;
  private final CompletableFuture<String> future;
  private boolean cancelled;
  private boolean returned; // before it was given up

  TrackedOffload(Simulation sim, SimHost host, EventLoop loop) {
    this.sim = sim;
    this.loop = loop;
    throwing = sim.chance(0.2);
    long lastsNs = sim.between(0, 20_000_000);
    future = loop.offload(host.executor(), () -> work(lastsNs));
    if (sim.chance(0.2)) {
      cancelled = future.cancel(true);
    }
  }

  private String work(long lastsNs) throws IOException {
    if (lastsNs > 0) {
      CurrentPlatform.threads().park(this, lastsNs);
    }
    // From here to the loop nobody comes between.
    returned = !future.isDone();
    if (throwing) {
      throw new IOException("planned");
    }
    return "done";
  }

  boolean isDone() {
    return future.isDone();
  }

  /** When the loop has ended. */
  void verifyEnd() {
    if (!isDone()) {
      sim.fail(new AssertionError("not all futures of offloaded work are done: " + loop));
      return;
    }
    if (returned && !cancelled) {
      try {
        var _ = future.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof RejectedExecutionException) {
          sim.fail(new AssertionError("a result that was there has not been delivered", e));
        }
      }
    }
  }
}
