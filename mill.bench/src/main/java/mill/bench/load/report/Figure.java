package mill.bench.load.report;

import java.util.List;
import java.util.function.ToDoubleFunction;
import mill.bench.load.client.Sample;

/**
 * What is told of a peer in each workload.
 *
 * @param id its name in JSON
 * @param of computes it, in units that people read
 */
record Figure(String id, ToDoubleFunction<Sample> of) {
  static final Figure CPU =
      new Figure("cpu_us_per_message", sample -> sample.serverNsPerMessage() / 1e3);
  static final Figure THROUGHPUT = new Figure("messages_per_second", Sample::throughput);
  static final Figure P50 = new Figure("p50_us", sample -> sample.get("p50_ns") / 1e3);
  static final Figure P99 = new Figure("p99_us", sample -> sample.get("p99_ns") / 1e3);
  static final Figure P999 = new Figure("p99_9_us", sample -> sample.get("p999_ns") / 1e3);

  static final List<Figure> ALL = List.of(CPU, THROUGHPUT, P50, P99, P999);
}
