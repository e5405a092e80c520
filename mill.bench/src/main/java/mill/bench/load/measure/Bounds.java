package mill.bench.load.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.bench.load.client.Sample;

/**
 * What every build holds a server to, beside another in the same minute. Noise does not reach these
 * bounds, and what is a few percent dearer than yesterday does neither: that is what the whole
 * harness is for.
 */
public final class Bounds {
  /** Processor time per message, as a multiple: usually 0.9 to 1.0 for mill beside java.nio. */
  static final double CPU = 1.5;

  /** System calls per message, as a multiple: usually 1. */
  static final double SYSTEM_CALLS = 1.25;

  /** What asking a server for its allocation takes itself, in each slice; 20 kB were seen. */
  static final double ASKING_BYTES = 64 * 1024;

  /**
   * What may be allocated per message besides: the smallest object has 16 bytes, and one event
   * stands for 16 messages at most.
   */
  static final double ALLOCATED_BYTES = 0.5;

  private static final int ENOUGH = 3;

  private Bounds() {}

  /** {@return whether enough slices count for an answer} */
  public static boolean canTell(Outcome outcome, String peer) {
    return !outcome.failures().isEmpty()
        || outcome.ratio(peer, Sample::serverNsPerMessage).count() >= ENOUGH;
  }

  /** {@return which bounds a peer breaks, in words; none if it keeps all that were measured} */
  public static List<String> broken(Outcome outcome, String peer) {
    List<String> broken = new ArrayList<>();
    outcome.failures().forEach((name, why) -> broken.add(name + " failed: " + why));
    double cpu = outcome.ratio(peer, Sample::serverNsPerMessage).median();
    compare("processor time per message, as a multiple", cpu, CPU, broken);
    double calls =
        outcome.systemCallsPerMessage(peer) / outcome.systemCallsPerMessage(outcome.baseline());
    compare("system calls per message, as a multiple", calls, SYSTEM_CALLS, broken);
    double bytes = outcome.figure(peer, Bounds::allocatedPerMessage).median();
    compare("bytes per message", bytes, ALLOCATED_BYTES, broken);
    return broken;
  }

  private static double allocatedPerMessage(Sample sample) {
    return Math.max(0, sample.get("allocated_bytes") - ASKING_BYTES) / sample.get("messages");
  }

  /** What was not measured breaks nothing. */
  private static void compare(String what, double value, double bound, List<String> broken) {
    if (value > bound) {
      broken.add(String.format(Locale.ROOT, "%s: %.2f, at most %.2f", what, value, bound));
    }
  }
}
