package mill.bench.load.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SystemCallsTest {
  @Test
  void aSummaryOfStraceIsRead() {
    assertThat(
            SystemCalls.parse(
                List.of(
                    "% time     seconds  usecs/call     calls    errors syscall",
                    "------ ----------- ----------- --------- --------- ----------------",
                    " 56.89    0.123456          12      1000           recvfrom",
                    " 43.11    0.093456          11       990        10 sendto",
                    "------ ----------- ----------- --------- --------- ----------------",
                    "100.00    0.216912                  1990        10 total")))
        .isEqualTo(Map.of("recvfrom", 1000L, "sendto", 990L));
  }
}
