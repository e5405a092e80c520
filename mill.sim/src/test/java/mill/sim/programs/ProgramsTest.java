package mill.sim.programs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Programs of several hosts, through many bad days. */
class ProgramsTest {
  @ParameterizedTest
  @EnumSource(Programs.class)
  void comesToItsEndWhateverBefallsIt(Programs program) {
    program.seeds(program.seedsOfABuild()).run(program.scenario());
  }

  @Test
  void seedsRunBackwardsAreTheSame() {
    long forward = Programs.GOSSIP.seeds(100).run(Programs.GOSSIP.scenario()).hash();
    assertThat(Programs.GOSSIP.seeds(100).backwards().run(Programs.GOSSIP.scenario()).hash())
        .isEqualTo(forward);
  }
}
