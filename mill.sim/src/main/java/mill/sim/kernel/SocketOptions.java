package mill.sim.kernel;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of one socket, which cost nothing until the first is set. */
final class SocketOptions {
  // socket(7): what is asked for is doubled, within these bounds.
  private static final int MAX_BUFFER = 2 * 212_992;
  private static final int MIN_SEND_BUFFER = 4_608;
  private static final int MIN_RECEIVE_BUFFER = 2_304;

  private @Nullable EnumMap<SimOption, Integer> set;

  int get(SimOption option) {
    Map<SimOption, Integer> known = set;
    Integer value = known == null ? null : known.get(option);
    return value == null ? option.initial() : value;
  }

  boolean isSet(SimOption option) {
    return get(option) != 0;
  }

  void set(SimOption option, int value) {
    if (set == null) {
      set = new EnumMap<>(SimOption.class);
    }
    int kept =
        switch (option) {
          case SO_SNDBUF -> buffer(value, MIN_SEND_BUFFER);
          case SO_RCVBUF -> buffer(value, MIN_RECEIVE_BUFFER);
          default -> option.isFlag() ? value == 0 ? 0 : 1 : value;
        };
    set.put(option, kept);
  }

  private static int buffer(int value, int atLeast) {
    return Math.clamp(2L * value, atLeast, MAX_BUFFER);
  }

  /** Takes over what an accepted socket has from its listener. */
  void inherit(SocketOptions from) {
    set = from.set == null ? null : from.set.clone();
  }

  /** {@return how many bytes may wait to be acknowledged} The kernel keeps half for its books. */
  int sendBytes() {
    return get(SimOption.SO_SNDBUF) / 2;
  }

  /** {@return how many bytes may wait to be read} */
  int receiveBytes() {
    return get(SimOption.SO_RCVBUF) / 2;
  }
}
