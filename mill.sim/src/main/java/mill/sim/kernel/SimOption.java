package mill.sim.kernel;

import java.util.EnumMap;
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
  private static final Map<SimOption, Integer> DEFAULTS = new EnumMap<>(SimOption.class);

  static {
    for (SimOption option : values()) {
      BY_NAME.put(option.name(), option.code);
      BY_CODE.put(option.code, option);
    }
    // A send buffer and a receive buffer that a test fills quickly: half of each is for bytes.
    DEFAULTS.put(SO_SNDBUF, 128 * 1024);
    DEFAULTS.put(SO_RCVBUF, 128 * 1024);
    DEFAULTS.put(SO_LINGER, -1);
    DEFAULTS.put(TCP_KEEPIDLE, 7200);
    DEFAULTS.put(TCP_KEEPINTVL, 75);
    DEFAULTS.put(TCP_KEEPCNT, 9);
    DEFAULTS.put(TCP_QUICKACK, 1);
  }

  private final OptionCode code;

  SimOption(int level, int number) {
    code = new OptionCode(level, number);
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
    return DEFAULTS.getOrDefault(this, 0);
  }

  boolean isTcp() {
    return code.level() == 6;
  }

  boolean isIpv6() {
    return code.level() == 41;
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
