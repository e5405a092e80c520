package mill.sim.programs;

import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.sim.Simulation;

/** Tasks of a loop: those of one burst run in their order, once, and all that were accepted. */
final class TrackedTasks {
  private final Simulation sim;
  private final EventLoop loop;
  private int accepted;
  private int ran;

  TrackedTasks(Simulation sim, EventLoop loop) {
    this.sim = sim;
    this.loop = loop;
  }

  void execute(int count) {
    var next = new int[1];
    for (int i = 0; i < count; i++) {
      int number = i;
      try {
        loop.execute(() -> {
          ran++;
          if (next[0]++ != number) {
            sim.fail(new AssertionError("a task overtook another of its thread"));
          }
        });
        accepted++;
      } catch (RejectedExecutionException e) {
        sim.sometimes("a task was refused");
        return;
      }
    }
  }

  boolean isDone() {
    return ran == accepted;
  }

  void verifyEnd() {
    if (ran != accepted) {
      sim.fail(new AssertionError(ran + " of " + accepted + " tasks of " + loop + " ran"));
    }
  }
}
