package mill.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import mill.bench.load.client.Workload;
import mill.bench.load.measure.Outcome;
import org.junit.jupiter.api.Test;

class CheckTest {
  private static final Outcome BUSY = outcome(Map.of());
  private static final Outcome BROKEN = outcome(Map.of("mill", "it ended"));

  private final ByteArrayOutputStream told = new ByteArrayOutputStream();

  private static Outcome outcome(Map<String, String> failures) {
    return new Outcome(
        Workload.ECHO_64, "nio", List.of("nio", "mill"), List.of(), Map.of(), failures);
  }

  private List<String> check(Outcome... outcomes) throws Exception {
    Deque<Outcome> left = new ArrayDeque<>(List.of(outcomes));
    var out = new PrintStream(told, true, StandardCharsets.UTF_8);
    List<String> broken =
        new Check((workload, attempt) -> left.remove(), out).run(List.of(Workload.ECHO_64));
    assertThat(left).isEmpty();
    return broken;
  }

  private String told() {
    return told.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatIsBrokenTwiceIsBroken() throws Exception {
    assertThat(check(BROKEN, BUSY, BROKEN)).containsExactly("64x64: mill failed: it ended");
    assertThat(told()).contains("64x64, again, for it broke: mill failed: it ended");
  }

  @Test
  void aBusyMachineIsToldAndBreaksNothing() throws Exception {
    assertThat(check(BUSY, BROKEN, BUSY)).isEmpty();
    assertThat(told()).contains("64x64 was not checked");
  }
}
