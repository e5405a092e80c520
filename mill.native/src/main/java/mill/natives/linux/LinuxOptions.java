package mill.natives.linux;

import static java.util.Map.entry;

import java.util.Map;
import mill.natives.gen.linux.Linux;
import mill.natives.platform.OptionCode;

/**
 * The socket options of Linux by their standard names ({@code socket(7)}, {@code tcp(7)}, {@code
 * ipv6(7)}).
 */
final class LinuxOptions {
  static final Map<String, OptionCode> TABLE =
      Map.ofEntries(
          entry("SO_ACCEPTCONN", socket(Linux.SO_ACCEPTCONN())),
          entry("SO_BROADCAST", socket(Linux.SO_BROADCAST())),
          entry("SO_ERROR", socket(Linux.SO_ERROR())),
          entry("SO_INCOMING_CPU", socket(Linux.SO_INCOMING_CPU())),
          entry("SO_KEEPALIVE", socket(Linux.SO_KEEPALIVE())),
          entry("SO_LINGER", socket(Linux.SO_LINGER())),
          entry("SO_OOBINLINE", socket(Linux.SO_OOBINLINE())),
          entry("SO_RCVBUF", socket(Linux.SO_RCVBUF())),
          entry("SO_REUSEADDR", socket(Linux.SO_REUSEADDR())),
          entry("SO_REUSEPORT", socket(Linux.SO_REUSEPORT())),
          entry("SO_SNDBUF", socket(Linux.SO_SNDBUF())),
          entry("SO_TYPE", socket(Linux.SO_TYPE())),
          entry("TCP_CORK", tcp(Linux.TCP_CORK())),
          entry("TCP_DEFER_ACCEPT", tcp(Linux.TCP_DEFER_ACCEPT())),
          entry("TCP_FASTOPEN", tcp(Linux.TCP_FASTOPEN())),
          entry("TCP_KEEPCNT", tcp(Linux.TCP_KEEPCNT())),
          entry("TCP_KEEPIDLE", tcp(Linux.TCP_KEEPIDLE())),
          entry("TCP_KEEPINTVL", tcp(Linux.TCP_KEEPINTVL())),
          entry("TCP_NODELAY", tcp(Linux.TCP_NODELAY())),
          entry("TCP_QUICKACK", tcp(Linux.TCP_QUICKACK())),
          entry("TCP_USER_TIMEOUT", tcp(Linux.TCP_USER_TIMEOUT())),
          entry("IP_RECVERR", new OptionCode(Linux.IPPROTO_IP(), Linux.IP_RECVERR())),
          entry("IPV6_RECVERR", new OptionCode(Linux.IPPROTO_IPV6(), Linux.IPV6_RECVERR())),
          entry("UDP_GRO", new OptionCode(Linux.IPPROTO_UDP(), Linux.UDP_GRO())),
          entry("UDP_SEGMENT", new OptionCode(Linux.IPPROTO_UDP(), Linux.UDP_SEGMENT())),
          entry("IPV6_V6ONLY", new OptionCode(Linux.IPPROTO_IPV6(), Linux.IPV6_V6ONLY())));

  private LinuxOptions() {}

  private static OptionCode socket(int number) {
    return new OptionCode(Linux.SOL_SOCKET(), number);
  }

  private static OptionCode tcp(int number) {
    return new OptionCode(Linux.IPPROTO_TCP(), number);
  }
}
