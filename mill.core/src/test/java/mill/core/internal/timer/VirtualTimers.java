package mill.core.internal.timer;

import java.util.ArrayList;
import java.util.List;

/** Timers whose clock is a number, and whose loop is the test. */
final class VirtualTimers {
  /** What the clock says. */
  long nowNs;

  /** Whether the test plays a thread that is not the loop's. */
  boolean foreign;

  /** How many times other threads have woken the loop. */
  int wakeUps;

  /** How many times the loop slept until a timer was due that was not there any more. */
  int idleWakeUps;

  final List<Throwable> uncaught = new ArrayList<>();
  final LoopTimers timers;

  /** With a tick of one nanosecond. */
  VirtualTimers() {
    this(1, 0);
  }

  VirtualTimers(long tickNs, long originNs) {
    nowNs = originNs;
    timers = new LoopTimers(() -> nowNs, tickNs, () -> !foreign, () -> wakeUps++, uncaught::add);
  }

  /** One turn of the loop. */
  int turn() {
    return turn(Integer.MAX_VALUE);
  }

  int turn(int limit) {
    timers.drainInbox();
    return timers.advance(limit);
  }

  /** Lets time pass, then turns. */
  int turnAfter(long ns) {
    nowNs += ns;
    return turn();
  }

  /** Sleeps as long as the loop would, then turns. False if it would sleep for ever. */
  boolean sleepAndTurn() {
    long delayNs = timers.nextDelayNs();
    if (delayNs < 0) {
      return false;
    }
    if (turnAfter(delayNs) == 0 && timers.nextDelayNs() != 0) {
      idleWakeUps++;
    }
    return true;
  }

  void elsewhere(Runnable action) {
    foreign = true;
    try {
      action.run();
    } finally {
      foreign = false;
    }
  }
}
