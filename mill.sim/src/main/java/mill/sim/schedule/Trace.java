package mill.sim.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What happened: a hash of all of it, and the last steps in words. */
final class Trace {
  private static final int KEPT = 64;

  private final long[] atNs = new long[KEPT];
  private final String[] who = new String[KEPT];
  private final String[] what = new String[KEPT];
  private final long[] first = new long[KEPT];
  private final long[] second = new long[KEPT];
  private long hash;
  private long steps;

  void add(long nowNs, String actor, int actorId, String step, long a, long b) {
    // String.hashCode is the same in every JVM; no identity goes in.
    long mixed = SplitMix64.mix(hash ^ nowNs);
    mixed = SplitMix64.mix(mixed ^ ((long) actorId << 32 | (step.hashCode() & 0xFFFF_FFFFL)));
    hash = SplitMix64.mix(mixed ^ (a * 31 + b));
    int slot = (int) (steps++ & (KEPT - 1));
    atNs[slot] = nowNs;
    who[slot] = actor;
    what[slot] = step;
    first[slot] = a;
    second[slot] = b;
  }

  long hash() {
    return hash;
  }

  long steps() {
    return steps;
  }

  List<String> last() {
    var lines = new ArrayList<String>();
    for (long i = Math.max(0, steps - KEPT); i < steps; i++) {
      lines.add(line((int) (i & (KEPT - 1))));
    }
    return lines;
  }

  String newest() {
    return line((int) ((steps - 1) & (KEPT - 1)));
  }

  private String line(int slot) {
    return String.format(
        Locale.ROOT,
        "%d.%03dus %s %s %d %d",
        atNs[slot] / 1_000,
        atNs[slot] % 1_000,
        who[slot],
        what[slot],
        first[slot],
        second[slot]);
  }
}
