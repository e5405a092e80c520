package mill.examples.echo;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;

/**
 * What was measured.
 *
 * @param sizeBytes the size of a message
 * @param start the load when the measurement began
 * @param end the load when it ended
 * @param latency the times between, from when a message was due to when it was back
 * @param before the server's processor time at the beginning
 * @param after the server's processor time at the end
 */
record Report(
    int sizeBytes,
    LoadGenerator.Snapshot start,
    LoadGenerator.Snapshot end,
    LatencyHistogram latency,
    ServerCpu before,
    ServerCpu after) {

  /** Prints it; a load of which nothing came back is a failure. */
  void print(PrintStream out) throws DemoFailure {
    long messages = end.messages() - start.messages();
    if (messages == 0) {
      throw DemoFailure.broken("no message came back in the measured time");
    }
    double rate = messages * 1e9 / (end.timeNs() - start.timeNs());
    out.println();
    out.printf(Locale.ROOT, "messages/s   %,.0f%n", rate);
    out.printf(Locale.ROOT, "MB/s         %,.1f each way%n", rate * sizeBytes / 1e6);
    out.printf(
        Locale.ROOT,
        "latency      p50 %,.1f us, p99 %,.1f us, p99.9 %,.1f us, max %,.1f us%n",
        micros(latency.percentile(0.50)),
        micros(latency.percentile(0.99)),
        micros(latency.percentile(0.999)),
        micros(latency.max()));
    out.printf(Locale.ROOT, "server CPU   %s%n", perMessage(after.processSince(before), messages));
    out.printf(Locale.ROOT, "  its loop   %s%n", perMessage(after.loopSince(before), messages));
    out.printf(Locale.ROOT, "verified     %,d messages, byte for byte%n", end.messages());
    out.flush();
  }

  private static String perMessage(Optional<CpuTime> measured, long messages) {
    if (measured.isEmpty()) {
      return "not available";
    }
    CpuTime used = measured.get();
    double user = used.userMicros();
    double system = used.systemMicros();
    double share = user + system == 0 ? 0 : 100 * user / (user + system);
    return String.format(
        Locale.ROOT,
        "%.2f us/message: user %.2f, system %.2f; user share %.1f %%",
        (user + system) / messages,
        user / messages,
        system / messages,
        share);
  }

  private static double micros(long ns) {
    return ns / 1e3;
  }
}
