package mill.sim.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When a turn has lasted too long: by a clock that is set by hand. */
class WatchdogTest {
  private static final long STUCK_NS = 5_000_000_000L;
  private static final long EVERY_NS = STUCK_NS / Watchdog.LOOKS;

  private long nowNs = -1_000; // the origin of such a clock is anywhere
  private final Watchdog watchdog = new Watchdog(STUCK_NS, () -> nowNs);
  private final SimThread holder =
      new SimThread(new World(1), 1, new SimProcess("host", false), "main", false, () -> {});

  private String lookAfter(long ns, long turns) {
    nowNs += ns;
    return watchdog.look(turns, holder);
  }

  /** Looks in vain, so often, after the first that has seen the turn. */
  private void lookInVain(int times) {
    assertThat(lookAfter(EVERY_NS, 7)).isNull();
    for (int i = 0; i < times; i++) {
      assertThat(lookAfter(EVERY_NS, 7)).isNull();
    }
  }

  @Test
  void turnThatIsKeptIsToldWithItsTime() {
    lookInVain(Watchdog.LOOKS - 1);
    assertThat(lookAfter(EVERY_NS, 7)).contains("host/main keeps its turn for 5000 ms");
    assertThat(holder.thread.isInterrupted()).isTrue();
  }

  @Test
  void machineThatWasBusyOtherwiseIsNoTurnThatIsKept() {
    lookInVain(0);
    assertThat(lookAfter(100 * STUCK_NS, 7)).isNull();
    assertThat(lookAfter(100 * STUCK_NS, 7)).isNull();
  }

  @Test
  void looksBeforeTheirTimeDoNotCount() {
    lookInVain(Watchdog.LOOKS - 1);
    for (int i = 0; i < 2 * Watchdog.LOOKS; i++) {
      assertThat(lookAfter(1, 7)).isNull();
    }
    assertThat(lookAfter(EVERY_NS, 7)).isNotNull();
  }

  @Test
  void countBeginsAnewWithEachTurn() {
    lookInVain(Watchdog.LOOKS - 1);
    assertThat(lookAfter(EVERY_NS, 8)).isNull();
    for (int i = 1; i < Watchdog.LOOKS; i++) {
      assertThat(lookAfter(EVERY_NS, 8)).isNull();
    }
    assertThat(lookAfter(EVERY_NS, 8)).isNotNull();
  }
}
