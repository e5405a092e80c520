package mill.sim.kernel;

import java.util.HashMap;
import java.util.Map;
import mill.natives.platform.OptionCode;
import org.jspecify.annotations.Nullable;

/** The socket options by their standard names, with the numbers of Linux ({@code socket(7)}). */
enum SimOption {
  SO_REUSEADDR(1, 2),
  SO_TYPE(1, 3),
  SO_ERROR(1, 4),
  SO_BROADCAST(1, 6),
  SO_SNDBUF(1, 7),
  SO_RCVBUF(1, 8),
  SO_KEEPALIVE(1, 9),
  SO_OOBINLINE(1, 10),
  SO_LINGER(1, 13),
  SO_REUSEPORT(1, 15),
  SO_ACCEPTCONN(1, 30),
  SO_INCOMING_CPU(1, 49),
  TCP_NODELAY(6, 1),
  TCP_CORK(6, 3),
  TCP_KEEPIDLE(6, 4),
  TCP_KEEPINTVL(6, 5),
  TCP_KEEPCNT(6, 6),
  TCP_DEFER_ACCEPT(6, 9),
  TCP_QUICKACK(6, 12),
  TCP_USER_TIMEOUT(6, 18),
  TCP_FASTOPEN(6, 23),
  IPV6_V6ONLY(41, 26);

  private static final Map<String, OptionCode> BY_NAME = new HashMap<>();
  private static final Map<OptionCode, SimOption> BY_CODE = new HashMap<>();

  static {
    for (SimOption option : values()) {
      var code = new OptionCode(option.level, option.number);
      BY_NAME.put(option.name(), code);
      BY_CODE.put(code, option);
    }
  }

  private final int level;
  private final int number;

  SimOption(int level, int number) {
    this.level = level;
    this.number = number;
  }

  /** {@return the numbers of an option, or null} */
  static @Nullable OptionCode code(String name) {
    return BY_NAME.get(name);
  }

  /** {@return the option of some numbers, or null} */
  static @Nullable SimOption of(OptionCode code) {
    return BY_CODE.get(code);
  }

  /** {@return the value that a new socket has} */
  int initial() {
    return switch (this) {
      // What a test fills quickly: half of each is for bytes.
      case SO_SNDBUF, SO_RCVBUF -> 128 * 1024;
      case SO_LINGER -> -1;
      case TCP_KEEPIDLE -> 7_200;
      case TCP_KEEPINTVL -> 75;
      case TCP_KEEPCNT -> 9;
      case TCP_QUICKACK -> 1;
      default -> 0;
    };
  }

  boolean isTcp() {
    return level == 6;
  }

  boolean isIpv6() {
    return level == 41;
  }

  boolean isReadOnly() {
    return this == SO_TYPE || this == SO_ERROR || this == SO_ACCEPTCONN;
  }

  /** Whether the kernel keeps no more of the value than whether it is 0. */
  boolean isFlag() {
    return switch (this) {
      case SO_REUSEADDR,
          SO_BROADCAST,
          SO_KEEPALIVE,
          SO_OOBINLINE,
          SO_REUSEPORT,
          TCP_NODELAY,
          TCP_CORK,
          TCP_QUICKACK,
          IPV6_V6ONLY ->
          true;
      default -> false;
    };
  }
}
