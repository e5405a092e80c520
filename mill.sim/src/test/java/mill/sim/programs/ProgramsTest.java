package mill.sim.programs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Programs of several hosts, through many bad days. */
class ProgramsTest {
  private static final int SEEDS = 1_000; // of each program

  @ParameterizedTest(name = "{0}, {2} seeds from {1}")
  @MethodSource
  void comesToItsEndWhateverBefallsIt(Programs program, long first, int seeds) {
    program.seeds(seeds).from(first).run(program.scenario());
  }

  // What takes longer in four parts: a test has 20 seconds.
  static Stream<Arguments> comesToItsEndWhateverBefallsIt() {
    return Stream.of(Programs.values())
        .flatMap(program -> {
          int seeds = Programs.byReach().contains(program) ? SEEDS : SEEDS / 4;
          return IntStream.range(0, SEEDS / seeds)
              .mapToObj(part -> Arguments.of(program, 1 + (long) part * seeds, seeds));
        });
  }

  @Test
  void seedsRunBackwardsAreTheSame() {
    long forward = Programs.GOSSIP.seeds(100).run(Programs.GOSSIP.scenario()).hash();
    assertThat(Programs.GOSSIP.seeds(100).backwards().run(Programs.GOSSIP.scenario()).hash())
        .isEqualTo(forward);
  }
}
