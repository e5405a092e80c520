package mill.examples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class CpuTimeTest {
  @Test
  void theCommandsNameMayHoldSpacesAndParentheses() {
    String stat =
        "42 (a ) (b) S 1 42 42 0 -1 4194304 100 0 0 0 17 250 0 0 20 0 3 0 99 1000 20 0 0\n";

    assertThat(CpuTime.parse(stat)).isEqualTo(new CpuTime(17, 250));
  }

  @Test
  void theTimeBetweenTwoReadingsIsTheirDifference() {
    CpuTime between = new CpuTime(30, 200).since(new CpuTime(10, 50));

    assertThat(between).isEqualTo(new CpuTime(20, 150));
    assertThat(between.userMicros()).isEqualTo(200_000);
    assertThat(between.systemMicros()).isEqualTo(1_500_000);
  }

  @Test
  void aProcessThatIsNotThereHasNoThreads() {
    ServerCpu none = ServerCpu.of(Integer.MAX_VALUE);

    assertThat(none.threads()).isEmpty();
    assertThat(none.processSince(none)).isEmpty();
    assertThat(none.loopSince(none)).isEmpty();
  }

  @Test
  void theProcessIsTheSumOfItsThreadsAndTheLoopIsOneOfThem() {
    var before = new ServerCpu(Map.of("1", thread(ServeMode.LOOP_THREAD, 10, 20)));
    var after =
        new ServerCpu(
            Map.of("1", thread(ServeMode.LOOP_THREAD, 15, 120), "2", thread("C2 Compiler", 3, 1)));

    assertThat(after.loopSince(before)).contains(new CpuTime(5, 100));
    assertThat(after.processSince(before)).contains(new CpuTime(8, 101));
  }

  private static ServerCpu.ThreadTime thread(String name, long user, long system) {
    return new ServerCpu.ThreadTime(name, new CpuTime(user, system));
  }
}
