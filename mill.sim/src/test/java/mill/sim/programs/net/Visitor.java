package mill.sim.programs.net;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import mill.natives.CurrentPlatform;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** What threads other than the loop's do to connections: each has a lane of its own. */
final class Visitor {
  private static final int FLOOD = 5_000; // more than a loop's ring holds

  private final Ledger ledger;
  private final Simulation sim;
  private final SimHost host;
  private final int lane;
  private int others;

  Visitor(Ledger ledger, SimHost host, int lane) {
    this.ledger = ledger;
    this.host = host;
    this.lane = lane;
    sim = ledger.sim;
  }

  static void park(Duration time) {
    CurrentPlatform.threads().park(Visitor.class, Math.max(1, time.toNanos()));
  }

  /** Does something to a connection. */
  void visit(Talk talk) {
    switch ((int) sim.between(0, 16)) {
      case 0, 1, 2, 3 -> write(talk, (int) sim.between(1, 6));
      case 4 -> pause(talk);
      case 5 -> end(talk);
      case 6 -> another(talk);
      case 7 -> {
        if (sim.chance(0.02)) {
          flood(talk);
        }
      }
      default -> execute(talk, () -> act(talk));
    }
  }

  void close(Talk talk) {
    talk.closeAsked(lane);
    talk.connection.close();
  }

  /** Has a task run, in this thread's order. */
  boolean execute(Talk talk, Runnable task) {
    return talk.execute(lane, task);
  }

  private static void act(Talk talk) {
    if (talk.connection.isOpen()) {
      talk.acts.some(5);
    }
  }

  private void write(Talk talk, int count) {
    for (int i = 0; i < count; i++) {
      int length = (int) sim.between(0, sim.chance(0.95) ? 500 : 8_000);
      if (!Acts.write(talk, lane, length)) {
        refused(talk);
        return;
      }
    }
  }

  private void refused(Talk talk) {
    sim.sometimes("a write was refused");
    if (!talk.isOver()) {
      talk.refusedAt = sim.now();
    }
  }

  // The reason is this thread's: what the loop's knows of it comes behind, and goes before.
  private void pause(Talk talk) {
    var reason = new AtomicBoolean(); // whether it is over
    talk.connection.pause(reason);
    talk.execute(
        lane,
        () -> {
          if (!reason.get()) {
            talk.pauses.add(reason);
          }
        });
    ledger.begins(talk.loop);
    host.executor()
        .execute(() -> {
          park(Duration.ofNanos(sim.between(0, 20_000_000)));
          if (!talk.execute(lane, () -> forget(talk, reason))) {
            // The ring is full, which a resume does not mind; it may even hold what adds it.
            reason.set(true);
            forget(talk, reason);
          }
          talk.connection.resume(reason);
          ledger.isDone(talk.loop);
        });
  }

  @SuppressWarnings("ReferenceEquality") // the very same
  private static void forget(Talk talk, Object reason) {
    talk.pauses.removeIf(one -> one == reason);
  }

  private void end(Talk talk) {
    if (sim.chance(0.15)) {
      switch ((int) sim.between(0, 4)) {
        case 0 -> {
          talk.endAsked(lane);
          talk.connection.end();
        }
        case 1, 2 -> close(talk);
        default -> {
          talk.resetAsked = true;
          talk.connection.reset();
        }
      }
    }
  }

  // Beside this one.
  private void another(Talk talk) {
    if (others < Sent.LANES - 4) {
      var other = new Visitor(ledger, host, lane + 1 + ++others);
      other.others = Sent.LANES;
      ledger.begins(talk.loop);
      host.executor()
          .execute(() -> {
            for (int i = 0; i < 3; i++) {
              other.visit(talk);
              park(Duration.ofNanos(sim.between(0, 2_000_000)));
            }
            ledger.isDone(talk.loop);
          });
    }
  }

  // The loop is busy, and its ring is full in the end.
  private void flood(Talk talk) {
    if (!talk.execute(lane, () -> park(Duration.ofMillis(1)))) {
      return;
    }
    for (int i = 0; i < FLOOD; i++) {
      if (!Acts.write(talk, lane, 0)) {
        refused(talk);
        sim.sometimes("a ring is full");
        return;
      }
    }
  }
}
