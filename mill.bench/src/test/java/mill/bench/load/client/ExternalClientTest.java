package mill.bench.load.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExternalClientTest {
  @Test
  void wrkTellsRequestsAndTimes() {
    Sample sample = Sample.parse(List.of());
    ExternalClient.readWrk(
        List.of(
            "  Latency Distribution",
            "     50%  436.00us",
            "     99%    1.50ms",
            "  141028 requests in 1.01s, 11.43MB read"),
        sample);
    assertThat(sample.get("messages")).isEqualTo(141_028);
    assertThat(sample.get("p50_ns")).isEqualTo(436_000);
    assertThat(sample.get("p99_ns")).isEqualTo(1_500_000);
    assertThat(sample.get("errors")).isNaN();
  }

  @Test
  void wrkIsToldByTheUrlWhetherToSpeakTls() {
    assertThat(ExternalClient.command(Workload.HTTP, 80, 2)).endsWith("http://127.0.0.1:80/");
    assertThat(ExternalClient.command(Workload.HTTPS, 443, 2))
        .startsWith("wrk")
        .endsWith("https://127.0.0.1:443/");
  }

  @Test
  void wrkTellsErrors() {
    Sample sample = Sample.parse(List.of());
    ExternalClient.readWrk(List.of("  Non-2xx or 3xx responses: 12"), sample);
    assertThat(sample.get("errors")).isEqualTo(1);
  }

  @Test
  void redisBenchmarkTellsTimesOfGet() {
    Sample sample = Sample.parse(List.of());
    ExternalClient.readRedis(
        List.of(
            "\"SET\",\"100000.00\",\"0.3\",\"0.1\",\"0.2\",\"0.5\",\"0.6\",\"1.2\"",
            "\"GET\",\"100000.00\",\"0.3\",\"0.1\",\"0.239\",\"0.5\",\"0.615\",\"1.2\""),
        sample);
    assertThat(sample.get("p50_ns")).isEqualTo(239_000);
    assertThat(sample.get("p99_ns")).isEqualTo(615_000);
  }
}
