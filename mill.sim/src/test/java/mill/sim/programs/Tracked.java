package mill.sim.programs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.sim.Simulation;

/** A handler that knows what it was promised: callbacks one at a time, and one end that is last. */
abstract class Tracked implements EventHandler {
  private static final Set<String> OF_A_MOMENT = Set.of("EINTR", "EAGAIN");

  final Simulation sim;
  final EventLoop loop;
  Registration registration;
  Trigger trigger;
  private final List<Integer> ran = new ArrayList<>();
  private int accepted;
  private boolean registered;
  private boolean inside;
  private boolean quiet;
  private int closed;
  private boolean fired; // a one-shot that has not been armed since

  Tracked(Simulation sim, EventLoop loop, Trigger trigger) {
    this.sim = sim;
    this.loop = loop;
    this.trigger = trigger;
  }

  /** Registers, or closes the pollable and has heard that it has ended. */
  void register(Pollable pollable, Interest interest) {
    try {
      registration = loop.register(pollable, interest, trigger, this);
      registered = true;
    } catch (IllegalStateException | IOException e) {
      pollable.close();
      if (closed != 1) {
        sim.fail(new AssertionError("refused, and onClosed came " + closed + " times", e));
      }
      if (e.getMessage() != null && e.getMessage().contains("registered already")) {
        sim.fail(e);
      }
    }
  }

  abstract void ready(Registration ready, Readiness readiness) throws IOException;

  void ended(CloseReason reason) {}

  @Override
  public final void onReady(Registration ready, Readiness readiness) throws IOException {
    enter("onReady");
    if (trigger == Trigger.ONESHOT && fired) {
      sim.fail(new AssertionError("a one-shot fired twice: " + ready));
    }
    fired = true;
    try {
      ready(ready, readiness);
    } finally {
      inside = false;
    }
  }

  @Override
  public final void onError(Registration failed, Throwable error) {
    enter("onError");
    if (error instanceof ErrnoException refused && OF_A_MOMENT.contains(refused.errnoName())) {
      sim.fail(new AssertionError("what is over in a moment has ended " + failed, error));
    }
    inside = false;
  }

  @Override
  public final void onClosed(Registration ended, CloseReason reason) {
    enter("onClosed");
    closed++;
    inside = false;
    sim.sometimes("onClosed " + reason);
    ended(reason);
  }

  private void enter(String callback) {
    if (inside) {
      sim.fail(new AssertionError(callback + " while another callback runs: " + registration));
    }
    if (closed > 0) {
      sim.fail(new AssertionError(callback + " after onClosed: " + registration));
    }
    // On its own thread the stage is complete at once: onClosed, and tasks, may come after it.
    if (quiet && callback.equals("onReady")) {
      sim.fail(new AssertionError("onReady after the stage of cancel: " + registration));
    }
    inside = true;
  }

  void interest(Interest interest) throws IOException {
    if (trigger != Trigger.ONESHOT && registration.interest() == interest) {
      return; // armed anew an edge would be told again, and one that was lost would not show
    }
    fired = false;
    try {
      registration.setInterest(interest);
    } catch (IllegalStateException e) {
      if (!registration.isCancelled() && !loop.hasEnded()) { // by another thread, just now
        throw e;
      }
    }
  }

  /** Has a task run serially with the callbacks, if there is room; says whether there is. */
  boolean execute(Runnable task) {
    int number = accepted;
    try {
      registration.execute(() -> {
        enter("a task");
        ran.add(number);
        try {
          task.run();
        } finally {
          inside = false;
        }
      });
      accepted++;
      return true;
    } catch (RejectedExecutionException e) {
      sim.sometimes("a task of a registration was refused");
      return false;
    }
  }

  void cancel() {
    registration.cancel().thenRun(() -> quiet = true);
  }

  /** Closes it, from one end or from the other. */
  void close() {
    if (sim.chance(0.5)) {
      registration.close();
    } else {
      registration.pollable().close();
    }
  }

  /** Whether what was given to it has run, and it has heard it if it is closed. */
  boolean isDone() {
    return ran.size() == accepted
        && (closed > 0 || registration == null || registration.pollable().isOpen());
  }

  /** When the loop has given everything back. */
  void verifyEnd() {
    if (registered && closed != 1) {
      sim.fail(new AssertionError("onClosed came " + closed + " times: " + registration));
    }
    if (ran.size() != accepted) {
      sim.fail(new AssertionError(ran.size() + " of " + accepted + " tasks ran: " + registration));
    }
    for (int i = 0; i < ran.size(); i++) {
      if (ran.get(i) != i) {
        sim.fail(new AssertionError("tasks ran in this order: " + ran));
      }
    }
  }
}
