package mill.core.internal.timer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import mill.core.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random timers beside a sorted set of what is scheduled. */
class TimerModelTest {
  private static final int STEPS = 4_000;

  /** So few that each slot is searched: the loop knows the next deadline exactly. */
  private static final int FEW = 60;

  /** A timer, and where the model has it. */
  private static final class Modelled {
    Timeout timeout;
    long deadlineNs;
    long tick;
    long sequence;
    boolean inOrder; // no other thread has changed it since the loop looked at its inbox
  }

  /** What is scheduled, and what has run. */
  private static final class Model {
    final VirtualTimers loop;
    final Random random;
    final long tickNs;
    final TreeSet<Modelled> scheduled =
        new TreeSet<>(
            Comparator.comparingLong((Modelled m) -> m.tick).thenComparingLong(m -> m.sequence));
    final List<Modelled> all = new ArrayList<>();
    final List<Modelled> ran = new ArrayList<>();
    boolean cancelledElsewhere;
    final Set<Modelled> inInbox = new HashSet<>();
    long sequence;
    long early;

    Model(long seed, long tickNs, int timers) {
      random = new Random(seed);
      this.tickNs = tickNs;
      loop = new VirtualTimers(tickNs, random.nextLong());
      for (int i = 0; i < timers; i++) {
        var modelled = new Modelled();
        modelled.timeout = loop.timers.newTimeout(() -> run(modelled));
        all.add(modelled);
      }
    }

    void run(Modelled modelled) {
      if (loop.timers.nowNs() < modelled.deadlineNs) {
        early++;
      }
      assertThat(scheduled.remove(modelled)).as("ran though it was not scheduled").isTrue();
      ran.add(modelled);
    }

    void change() {
      Modelled modelled = all.get(random.nextInt(all.size()));
      loop.foreign = random.nextInt(4) == 0;
      boolean was = scheduled.remove(modelled);
      if (loop.foreign) {
        inInbox.add(modelled);
      }
      if (random.nextInt(3) == 0) {
        assertThat(modelled.timeout.cancel()).isEqualTo(was);
        cancelledElsewhere |= loop.foreign;
      } else {
        // From nothing to centuries, each magnitude as often as any other.
        long delayNs = random.nextLong() >>> (2 + random.nextInt(61));
        modelled.deadlineNs = loop.timers.nowNs() + delayNs;
        modelled.tick = (modelled.deadlineNs + tickNs - 1) / tickNs;
        modelled.sequence = sequence++;
        modelled.inOrder = !inInbox.contains(modelled);
        scheduled.add(modelled);
        assertThat(modelled.timeout.rescheduleNs(delayNs)).isEqualTo(was);
      }
      loop.foreign = false;
    }

    void turn(int limit) {
      ran.clear();
      inInbox.clear();
      loop.turn(limit);
      long nowTick = loop.timers.nowNs() / tickNs;
      for (int i = 1; i < ran.size(); i++) {
        assertOrder(ran.get(i - 1), ran.get(i));
      }
      if (limit == Integer.MAX_VALUE && !scheduled.isEmpty()) {
        assertThat(scheduled.first().tick).as("left behind").isGreaterThan(nowTick);
      }
      assertThat(loop.timers.size()).isEqualTo(scheduled.size());
      assertThat(early).as("ran early").isZero();
    }

    private static void assertOrder(Modelled first, Modelled second) {
      if (first.inOrder && second.inOrder) {
        assertThat(second.tick).isGreaterThanOrEqualTo(first.tick);
        if (first.tick == second.tick) {
          assertThat(second.sequence).isGreaterThan(first.sequence);
        }
      }
    }

    void assertNextDelay(boolean exact) {
      loop.timers.drainInbox();
      inInbox.clear();
      long delayNs = loop.timers.nextDelayNs();
      long expectedNs =
          scheduled.isEmpty()
              ? -1
              : Math.max(0, scheduled.first().tick * tickNs - loop.timers.nowNs());
      // It looks once more after a cancellation by another thread.
      boolean looks = delayNs != expectedNs && delayNs >= 0 && delayNs <= LoopTimers.LET_GO_NS;
      if (looks && cancelledElsewhere) {
        assertThat(expectedNs < 0 || delayNs < expectedNs).isTrue();
      } else if (exact || expectedNs < 0) {
        assertThat(delayNs).isEqualTo(expectedNs);
      } else {
        assertThat(delayNs).isBetween(0L, expectedNs);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 60",
    "1, 5000",
    "8, 60",
    "1024, 60",
    "1024, 5000",
    "1048576, 60",
    "1048576, 5000"
  })
  void timersRunOnceInOrderNeverEarlyAndTheLoopKnowsWhen(long tickNs, int timers) {
    for (long seed = 0; seed < 12; seed++) {
      try {
        randomLife(new Model(seed, tickNs, timers), timers <= FEW);
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ", tick " + tickNs + ", " + timers, e);
      }
    }
  }

  private static void randomLife(Model model, boolean exact) {
    Random random = model.random;
    for (int step = 0; step < STEPS; step++) {
      switch (random.nextInt(6)) {
        case 0 -> {
          model.assertNextDelay(exact);
          model.turn(Integer.MAX_VALUE);
        }
        case 1 -> {
          // As the loop does: nobody comes between the sleep and the turn.
          model.assertNextDelay(exact);
          long delayNs = model.loop.timers.nextDelayNs();
          if (delayNs > 0 && delayNs < Long.MAX_VALUE / 4 / STEPS) {
            model.loop.nowNs += delayNs;
            model.turn(Integer.MAX_VALUE);
            for (Modelled modelled : model.ran) {
              assertThat(model.loop.timers.nowNs() - modelled.deadlineNs).isLessThan(model.tickNs);
            }
          }
        }
        case 2 -> {
          model.loop.nowNs += random.nextLong() >>> (14 + random.nextInt(49));
          model.turn(1 + random.nextInt(3));
        }
        default -> model.change();
      }
    }
    model.turn(Integer.MAX_VALUE);
  }

  @Test
  void allDelaysOfAllMagnitudesRunAtTheirTick() {
    for (int shift = 0; shift <= 30; shift += 5) {
      var loop = new VirtualTimers(1L << shift, Long.MAX_VALUE - 5);
      var wrong = new ArrayList<Long>();
      int count = 0;
      for (int bit = 0; bit < 62; bit++) {
        for (long delta = -1; delta <= 1; delta++) {
          long delayNs = (1L << bit) + delta;
          long tickNs = 1L << shift;
          long dueNs = (delayNs + tickNs - 1) / tickNs * tickNs;
          Timeout timeout =
              loop.timers.newTimeout(() -> {
                if (loop.timers.nowNs() != dueNs) {
                  wrong.add(delayNs);
                }
              });
          timeout.rescheduleNs(delayNs);
          count++;
        }
      }
      int turns = 0;
      while (loop.sleepAndTurn()) {
        turns++;
      }
      assertThat(wrong).isEmpty();
      assertThat(loop.timers.fired()).isEqualTo(count);
      assertThat(loop.idleWakeUps).isZero();
      assertThat(turns).isLessThanOrEqualTo(count);
    }
  }
}
