package mill.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineTest {
  @Test
  void listsOfProcessorsAreRead() {
    assertThat(Machine.numbers("0")).containsExactly(0);
    assertThat(Machine.numbers("0,2-4,7")).containsExactly(0, 2, 3, 4, 7);
  }
}
