package mill.natives.bsd;

import static java.util.Map.entry;

import java.util.HashMap;
import java.util.Map;
import mill.natives.gen.freebsd.FreeBsd;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.OptionCode;

/** The socket options of macOS and FreeBSD by their standard names. */
final class BsdOptions {
  private static final Map<String, OptionCode> COMMON =
      Map.ofEntries(
          entry("SO_ACCEPTCONN", socket(MacOs.SO_ACCEPTCONN())),
          entry("SO_BROADCAST", socket(MacOs.SO_BROADCAST())),
          entry("SO_ERROR", socket(MacOs.SO_ERROR())),
          entry("SO_KEEPALIVE", socket(MacOs.SO_KEEPALIVE())),
          entry("SO_OOBINLINE", socket(MacOs.SO_OOBINLINE())),
          entry("SO_RCVBUF", socket(MacOs.SO_RCVBUF())),
          entry("SO_REUSEADDR", socket(MacOs.SO_REUSEADDR())),
          entry("SO_REUSEPORT", socket(MacOs.SO_REUSEPORT())),
          entry("SO_SNDBUF", socket(MacOs.SO_SNDBUF())),
          entry("SO_TYPE", socket(MacOs.SO_TYPE())),
          entry("TCP_NODELAY", tcp(MacOs.TCP_NODELAY())),
          entry("IPV6_V6ONLY", new OptionCode(MacOs.IPPROTO_IPV6(), MacOs.IPV6_V6ONLY())));

  // SO_LINGER of macOS counts ticks of the clock; mill's option of that name counts seconds.
  static final Map<String, OptionCode> MAC_OS =
      with(
          Map.of(
              "SO_LINGER", socket(MacOs.SO_LINGER_SEC()),
              "TCP_FASTOPEN", tcp(MacOs.TCP_FASTOPEN()),
              "TCP_KEEPCNT", tcp(MacOs.TCP_KEEPCNT()),
              "TCP_KEEPIDLE", tcp(MacOs.TCP_KEEPALIVE()),
              "TCP_KEEPINTVL", tcp(MacOs.TCP_KEEPINTVL())));

  static final Map<String, OptionCode> FREE_BSD =
      with(
          Map.of(
              "SO_LINGER", socket(FreeBsd.SO_LINGER()),
              "TCP_FASTOPEN", tcp(FreeBsd.TCP_FASTOPEN()),
              "TCP_KEEPCNT", tcp(FreeBsd.TCP_KEEPCNT()),
              "TCP_KEEPIDLE", tcp(FreeBsd.TCP_KEEPIDLE()),
              "TCP_KEEPINTVL", tcp(FreeBsd.TCP_KEEPINTVL())));

  private BsdOptions() {}

  private static Map<String, OptionCode> with(Map<String, OptionCode> own) {
    var all = new HashMap<>(COMMON);
    all.putAll(own);
    return Map.copyOf(all);
  }

  private static OptionCode socket(int number) {
    return new OptionCode(MacOs.SOL_SOCKET(), number);
  }

  private static OptionCode tcp(int number) {
    return new OptionCode(MacOs.IPPROTO_TCP(), number);
  }
}
