package mill.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import mill.bench.load.client.Workload;
import mill.bench.load.peer.Peers;
import org.junit.jupiter.api.Test;

class LoadOptionsTest {
  private static LoadOptions parse(String... arguments) throws UsageException {
    return LoadOptions.parse(arguments);
  }

  @Test
  void withoutArgumentsAllIsMeasured() throws UsageException {
    LoadOptions options = parse();
    assertThat(options.workloads()).containsExactly(Workload.values());
    assertThat(options.start()).isTrue();
    assertThat(options.peers()).isEqualTo(Peers.ALL);
    assertThat(options.number("--rounds", 8, 3)).isEqualTo(8);
  }

  @Test
  void quickMeasuresLess() throws UsageException {
    LoadOptions options = parse("--quick");
    assertThat(options.workloads()).hasSize(3);
    assertThat(options.start()).isFalse();
    assertThat(options.number("--rounds", 8, 3)).isEqualTo(3);
  }

  @Test
  void theCheckIsOfMillBesideNio() throws UsageException {
    LoadOptions options = parse("--check");
    assertThat(options.workloads()).containsExactly(Workload.ECHO_64, Workload.PIPELINED);
    assertThat(options.peers()).containsExactly("nio", "mill");
    assertThat(options.number("--seconds", 2, 0.7)).isEqualTo(0.7);
  }

  @Test
  void whatIsGivenCounts() throws UsageException {
    LoadOptions options =
        parse("--quick", "--workloads", "rate,start", "--peers", "mill,nio", "--rounds", "5");
    assertThat(options.workloads()).containsExactly(Workload.RATE);
    assertThat(options.start()).isTrue();
    assertThat(options.peers()).containsExactly("mill", "nio");
    assertThat(options.number("--rounds", 8, 3)).isEqualTo(5);
  }

  @Test
  void whatIsNotKnownIsRefusedByName() {
    assertThatThrownBy(() -> parse("--fast")).hasMessageContaining("--fast");
    assertThatThrownBy(() -> parse("--workloads", "a").workloads())
        .hasMessage(
            "there is no workload a: choose of %s, start",
            String.join(", ", Arrays.stream(Workload.values()).map(Workload::id).toList()));
    assertThatThrownBy(() -> parse("--peers", "libuv").peers())
        .hasMessage("there is no peer libuv: choose of %s", String.join(", ", Peers.ALL));
    assertThatThrownBy(() -> parse("--rounds", "many").number("--rounds", 8, 3))
        .hasMessageContaining("many");
  }
}
