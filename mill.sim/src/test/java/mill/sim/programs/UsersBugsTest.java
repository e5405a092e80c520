package mill.sim.programs;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import mill.sim.Seeds;
import mill.sim.SimFailure;
import mill.sim.Simulation;
import mill.sim.programs.UploadProgram.Bug;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What users do wrong shows within a few hundred seeds, and what is right does not. */
class UsersBugsTest {
  private static final int SEEDS = 200;

  private static Seeds seeds() {
    return Simulation.seeds(SEEDS).calmAfter(Duration.ofSeconds(2)).limit(Duration.ofSeconds(15));
  }

  @ParameterizedTest
  @EnumSource(value = Bug.class, names = "NONE", mode = Mode.EXCLUDE)
  void isFound(Bug bug) {
    assertThatThrownBy(() -> seeds().run(sim -> UploadProgram.scenario(sim, bug)))
        .isInstanceOf(SimFailure.class);
  }

  @ParameterizedTest
  @EnumSource(value = Bug.class, names = "NONE")
  void noneIsFoundWhereThereIsNone(Bug none) {
    assertThatCode(() -> seeds().run(sim -> UploadProgram.scenario(sim, none)))
        .doesNotThrowAnyException();
  }
}
