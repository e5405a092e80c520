package mill.natives.windows;

import static java.util.Map.entry;

import java.util.Map;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.OptionCode;

/**
 * The socket options of Windows by their standard names.
 *
 * <p>{@code SO_REUSEADDR} is not what it seems. Elsewhere it lets a listener start again while old
 * connections are in TIME_WAIT; Windows lets it do so anyway, and its option of that name lets any
 * program of any user take over a port that is listened on. So the name stands for {@code
 * SO_EXCLUSIVEADDRUSE}, which forbids exactly that: a listener that asks for {@code SO_REUSEADDR}
 * gets what it meant, and two listeners on one port get {@code EADDRINUSE} as they do elsewhere.
 * The JDK's server sockets do the same. Who really wants Windows' option sets it by number.
 *
 * <p>There is no {@code SO_REUSEPORT}: one acceptor hands its connections on.
 */
final class WindowsOptions {
  static final Map<String, OptionCode> TABLE =
      Map.ofEntries(
          entry("SO_ACCEPTCONN", socket(Windows.SO_ACCEPTCONN())),
          entry("SO_BROADCAST", socket(Windows.SO_BROADCAST())),
          entry("SO_ERROR", socket(Windows.SO_ERROR())),
          entry("SO_KEEPALIVE", socket(Windows.SO_KEEPALIVE())),
          entry("SO_LINGER", socket(Windows.SO_LINGER())),
          entry("SO_OOBINLINE", socket(Windows.SO_OOBINLINE())),
          entry("SO_RCVBUF", socket(Windows.SO_RCVBUF())),
          entry("SO_REUSEADDR", socket(Windows.SO_EXCLUSIVEADDRUSE())),
          entry("SO_SNDBUF", socket(Windows.SO_SNDBUF())),
          entry("SO_TYPE", socket(Windows.SO_TYPE())),
          entry("TCP_KEEPCNT", tcp(Windows.TCP_KEEPCNT())),
          entry("TCP_KEEPIDLE", tcp(Windows.TCP_KEEPIDLE())),
          entry("TCP_KEEPINTVL", tcp(Windows.TCP_KEEPINTVL())),
          entry("TCP_NODELAY", tcp(Windows.TCP_NODELAY())),
          entry("IPV6_V6ONLY", new OptionCode(Windows.IPPROTO_IPV6(), Windows.IPV6_V6ONLY())));

  private WindowsOptions() {}

  private static OptionCode socket(int number) {
    return new OptionCode(Windows.SOL_SOCKET(), number);
  }

  private static OptionCode tcp(int number) {
    return new OptionCode(Windows.IPPROTO_TCP(), number);
  }
}
