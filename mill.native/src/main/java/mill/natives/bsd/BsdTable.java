package mill.natives.bsd;

import java.util.Map;
import mill.natives.gen.freebsd.FreeBsd;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;

/**
 * The numbers in which macOS and FreeBSD differ; what they share is read from {@link MacOs}.
 *
 * @param system the system's name
 * @param kevent the layout of {@code struct kevent}
 * @param afInet6 the number of AF_INET6
 * @param noSigPipe the number of SO_NOSIGPIPE
 * @param sendFlags the flags of every send: MSG_NOSIGNAL where all versions know it
 * @param controlAlignment to what control messages are aligned, in bytes
 * @param errnos the error numbers
 * @param options the socket options by name
 */
record BsdTable(
    String system,
    KeventLayout kevent,
    int afInet6,
    int noSigPipe,
    int sendFlags,
    int controlAlignment,
    Errnos errnos,
    Map<String, OptionCode> options) {

  // MSG_NOSIGNAL came with macOS 11; SO_NOSIGPIPE does the same on all.
  static final BsdTable MAC_OS =
      new BsdTable(
          "macOS",
          new KeventLayout(mill.natives.gen.macos.kevent.sizeof(), MacOs.EVFILT_USER()),
          MacOs.AF_INET6(),
          MacOs.SO_NOSIGPIPE(),
          0,
          Integer.BYTES,
          BsdErrnos.MAC_OS,
          BsdOptions.MAC_OS);

  static final BsdTable FREE_BSD =
      new BsdTable(
          "FreeBSD",
          new KeventLayout(mill.natives.gen.freebsd.kevent.sizeof(), FreeBsd.EVFILT_USER()),
          FreeBsd.AF_INET6(),
          FreeBsd.SO_NOSIGPIPE(),
          FreeBsd.MSG_NOSIGNAL(),
          Long.BYTES,
          BsdErrnos.FREE_BSD,
          BsdOptions.FREE_BSD);
}
