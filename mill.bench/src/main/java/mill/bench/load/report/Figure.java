package mill.bench.load.report;

import java.util.function.ToDoubleFunction;
import mill.bench.load.client.Sample;

/** What is told of a peer in each workload, in units that people read. */
enum Figure {
  CPU("cpu_us_per_message", sample -> sample.serverNsPerMessage() / 1e3),
  THROUGHPUT("messages_per_second", Sample::throughput),
  P50("p50_us", sample -> sample.get("p50_ns") / 1e3),
  P99("p99_us", sample -> sample.get("p99_ns") / 1e3),
  P999("p99_9_us", sample -> sample.get("p999_ns") / 1e3);

  private final String id;
  private final ToDoubleFunction<Sample> of;

  Figure(String id, ToDoubleFunction<Sample> of) {
    this.id = id;
    this.of = of;
  }

  String id() {
    return id;
  }

  ToDoubleFunction<Sample> of() {
    return of;
  }
}
