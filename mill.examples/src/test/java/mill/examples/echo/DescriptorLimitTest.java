package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mill.testing.ChildJvm;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples under a limit of descriptors. */
class DescriptorLimitTest {
  @ParameterizedTest
  @ValueSource(strings = {"QuickStart", "LowLevelEcho", "EchoServer"})
  void exampleGoesOnWhenDescriptorsRunOutAndServesThoseWhoHadToWait(String example)
      throws Exception {
    String system = System.getProperty("os.name");
    assumeTrue(system.equals("Linux"), "needs ulimit -n and a system that keeps to it: " + system);
    ChildJvm.Outcome outcome =
        ChildJvm.of(DescriptorLimitProgram.class)
            .withDescriptorLimit(DescriptorLimitProgram.LIMIT)
            .run(example);
    assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
    assertThat(outcome.out()).isEqualTo("served and resumed\n");
    assertThat(outcome.err()).isEmpty();
  }
}
