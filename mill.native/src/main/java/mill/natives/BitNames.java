package mill.natives;

import java.util.StringJoiner;

/** Names the set bits of a small mask, lowest first. */
final class BitNames {
  private BitNames() {}

  static String join(int bits, String... names) {
    if (bits == 0) {
      return "NONE";
    }
    var joiner = new StringJoiner("|");
    for (int bit = 0; bit < names.length; bit++) {
      if ((bits & 1 << bit) != 0) {
        joiner.add(names[bit]);
      }
    }
    return joiner.toString();
  }
}
