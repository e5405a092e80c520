package mill.bench.load.measure;

import mill.bench.load.client.Sample;

/**
 * When a slice does not count, because the machine was busy otherwise.
 *
 * @param others the share of the two processors' time that other processes may have had
 * @param stolen the share that the host may have taken
 * @param interruptsApart see {@link Sample#othersShare}
 */
public record Limits(double others, double stolen, boolean interruptsApart) {
  /** {@return why a slice does not count; empty if it does} */
  public String verdict(Sample sample) {
    if (sample.get("errors") > 0) {
      return "the client told of errors";
    } else if (!(sample.get("messages") > 0)) {
      return "no message came back";
    } else if (sample.stolenShare() > stolen) {
      return percent("the host took ", sample.stolenShare());
    } else if (sample.othersShare(interruptsApart) > others) {
      return percent("others had ", sample.othersShare(interruptsApart));
    }
    return "";
  }

  private static String percent(String text, double share) {
    return text + Math.round(100 * share) + " %";
  }
}
