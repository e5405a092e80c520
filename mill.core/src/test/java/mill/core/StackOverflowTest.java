package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import mill.testing.ChildJvm;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Promise 13, where the caller's stack ends in the middle of a call: the caller gets the error, and
 * what he called goes on. A state that was raised for him and never lowered would stop it for ever.
 */
class StackOverflowTest {
  @ParameterizedTest
  @CsvSource({
    "queue, -Xint",
    "timer, -Xint",
    "loop, -Xint",
    "offload, -Xint",
    "pool, -Xint",
    "pool, -Xmixed"
  })
  void whatACallerWithoutStackHasCalledGoesOn(String called, String option) throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(StackOverflowProgram.class).with(option).run(called);
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("goes on\n");
  }
}
