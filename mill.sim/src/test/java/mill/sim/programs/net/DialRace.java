package mill.sim.programs.net;

import java.time.Duration;

/** The race of one dial, as RFC 8305 wants it, looked at now and then between callbacks. */
final class DialRace {
  private static final int MOST = 32;
  private static final Duration LATE = Duration.ofMillis(500);
  private static final Duration LATE_EACH = Duration.ofMillis(100);

  private final Dial dial;
  private int underWay; // when it was last looked at

  DialRace(Dial dial) {
    this.dial = dial;
  }

  /** Looks, on the loop's thread, at a dial that goes on. */
  void look() {
    Duration since = dial.dialsSince();
    Insides.Race now = Insides.race(dial.connection);
    if (now.over()) {
      return; // its handler is about to hear of it
    }
    if (since == null) {
      require(now.begun() == 0, "begins before it has an address", now);
      return;
    }
    if (now.begun() == 0) {
      return; // the answer is on its way to the loop
    }
    int all = Math.min(MOST, dial.addresses());
    Duration passed = dial.now().minus(since);
    require(now.begun() <= all, "more than there are", now);
    require(now.underWay() >= 1, "nothing is under way", now);
    require(
        now.underWay() <= 1 + passed.dividedBy(dial.delay), "begins before the delay is over", now);
    require(
        now.begun() == all || now.underWay() >= underWay,
        "one has failed, and the next does not begin at once",
        now);
    Duration certain = passed.minus(LATE);
    require(
        certain.isNegative()
            || now.begun() >= Math.min(all, 1 + certain.dividedBy(dial.delay.plus(LATE_EACH))),
        "the delay is over, and the next does not begin",
        now);
    underWay = now.underWay();
    if (underWay > 1) {
      dial.noteRace();
    }
  }

  /** Looks when it is decided: nothing of the race is left. */
  void requireOver() {
    Insides.Race now = Insides.race(dial.connection);
    require(now.over() && now.underWay() == 0, "it is decided, and others go on", now);
  }

  private void require(boolean holds, String what, Insides.Race now) {
    if (!holds) {
      dial.fail(what + ": " + now + ", " + underWay + " before");
    }
  }
}
