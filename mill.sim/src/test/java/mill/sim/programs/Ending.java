package mill.sim.programs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.core.ShutdownReport;
import mill.natives.CurrentPlatform;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** Ends a loop in one of the ways there are, and looks whether it is told so in time. */
final class Ending {
  // A second that mill promises. Besides, a turn may be slow by 50 ms a poll, and timers are late.
  private static final Duration GRACE = Duration.ofMillis(1_200);
  private static final long HELD_NS = 4_000_000_000L;

  private final Simulation sim;
  private final SimHost host;
  private final EventLoop loop;
  private final List<CompletableFuture<ShutdownReport>> reports = new ArrayList<>();
  private Duration deadline = Duration.ofDays(1);

  Ending(Simulation sim, SimHost host, EventLoop loop) {
    this.sim = sim;
    this.host = host;
    this.loop = loop;
  }

  boolean isOf(EventLoop other) {
    return other == loop;
  }

  /** Begins it, from any thread. */
  void begin() {
    sim.sometimes("an end");
    Runnable how =
        switch ((int) sim.between(0, 6)) {
          case 0 -> loop::stop;
          case 1 -> loop::close;
          case 2 -> () -> shutdown(0);
          case 3 -> this::shutdownOfHeldLoop;
          case 4 -> this::shutdownTwice;
          default -> () -> shutdown(sim.between(0, 2_000));
        };
    switch ((int) sim.between(0, 3)) {
      case 0 -> how.run();
      case 1 -> host.executor().execute(how);
      default -> {
        try {
          loop.execute(how);
        } catch (RejectedExecutionException e) {
          how.run();
        }
      }
    }
  }

  private void shutdownOfHeldLoop() {
    try {
      loop.execute(() -> CurrentPlatform.threads().park(this, HELD_NS));
    } catch (RejectedExecutionException e) {
      sim.sometimes("a task was refused");
    }
    shutdown(sim.between(0, 2_000));
  }

  private void shutdownTwice() {
    shutdown(20_000);
    host.executor().execute(() -> shutdown(sim.between(0, 500)));
  }

  private void shutdown(long timeoutMs) {
    Duration timeout = Duration.ofMillis(timeoutMs);
    Duration asked = sim.now().plus(timeout);
    deadline = asked.compareTo(deadline) < 0 ? asked : deadline;
    CompletableFuture<ShutdownReport> report = loop.shutdown(timeout).toCompletableFuture();
    reports.add(report);
    var _ = report.thenRun(this::reported);
  }

  private void reported() {
    Duration late = sim.now().minus(deadline);
    if (late.compareTo(GRACE) > 0) {
      sim.fail(new AssertionError("a report came " + late + " after the time of a shutdown"));
    }
  }

  /** When the loop has given everything back. */
  void verifyEnd() {
    if (!reports.stream().allMatch(CompletableFuture::isDone)) {
      sim.fail(new AssertionError("not all reports are there, and the loop has ended: " + loop));
    }
    if (!loop.hasEnded() || loop.metrics().registrations() != 0) {
      sim.fail(new AssertionError(loop + " has not ended: " + loop.metrics()));
    }
  }
}
