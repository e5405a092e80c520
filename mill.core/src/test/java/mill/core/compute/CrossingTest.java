package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Who gives way before a lock. */
class CrossingTest {
  @Test
  void nobodyGivesWayWhereNobodyIsInside() {
    assertThat(new Crossing().giveWay()).isFalse();
  }

  @Test
  void whoComesWhileSomebodyIsInsideGivesWayAndIsNotHeldUpForEver() {
    var crossing = new Crossing();
    crossing.enter();
    assertThat(crossing.giveWay()).isTrue();
    assertThat(crossing.giveWay()).isTrue();
  }

  @Test
  void whoComesAfterwardsDoesNotGiveWay() {
    var crossing = new Crossing();
    crossing.enter();
    crossing.leave();
    assertThat(crossing.giveWay()).isFalse();
  }
}
