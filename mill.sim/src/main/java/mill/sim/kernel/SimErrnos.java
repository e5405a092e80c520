package mill.sim.kernel;

import static java.util.Map.entry;

import java.util.Map;
import mill.natives.platform.Errnos;

/** The errors of the simulated kernel, with the numbers of Linux ({@code errno(3)}). */
public final class SimErrnos {
  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EBADF = 9;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int EINVAL = 22;
  static final int EMFILE = 24;
  static final int EPIPE = 32;
  static final int ENOTSOCK = 88;
  static final int EDESTADDRREQ = 89;
  static final int EMSGSIZE = 90;
  static final int EPROTOTYPE = 91;
  static final int ENOPROTOOPT = 92;
  static final int EOPNOTSUPP = 95;
  static final int EAFNOSUPPORT = 97;
  static final int EADDRINUSE = 98;
  static final int EADDRNOTAVAIL = 99;
  static final int ENETUNREACH = 101;
  static final int ECONNABORTED = 103;
  static final int ECONNRESET = 104;
  static final int EISCONN = 106;
  static final int ENOTCONN = 107;
  static final int ETIMEDOUT = 110;
  static final int ECONNREFUSED = 111;
  static final int EHOSTUNREACH = 113;
  static final int EALREADY = 114;
  static final int EINPROGRESS = 115;

  static final Errnos TABLE =
      new Errnos(
          Map.ofEntries(
              entry("EPERM", EPERM),
              entry("ENOENT", ENOENT),
              entry("EINTR", EINTR),
              entry("EIO", 5),
              entry("ENXIO", 6),
              entry("EBADF", EBADF),
              entry("EAGAIN", EAGAIN),
              entry("ENOMEM", ENOMEM),
              entry("EACCES", EACCES),
              entry("EFAULT", 14),
              entry("EBUSY", 16),
              entry("EEXIST", EEXIST),
              entry("ENODEV", 19),
              entry("ENOTDIR", 20),
              entry("EISDIR", 21),
              entry("EINVAL", EINVAL),
              entry("ENFILE", 23),
              entry("EMFILE", EMFILE),
              entry("ENOTTY", 25),
              entry("EFBIG", 27),
              entry("ENOSPC", 28),
              entry("ESPIPE", 29),
              entry("EROFS", 30),
              entry("EPIPE", EPIPE),
              entry("EDOM", 33),
              entry("ERANGE", 34),
              entry("EDEADLK", 35),
              entry("ENAMETOOLONG", 36),
              entry("ENOLCK", 37),
              entry("ENOSYS", 38),
              entry("ELOOP", 40),
              entry("EPROTO", 71),
              entry("EOVERFLOW", 75),
              entry("ENOTSOCK", ENOTSOCK),
              entry("EDESTADDRREQ", EDESTADDRREQ),
              entry("EMSGSIZE", EMSGSIZE),
              entry("EPROTOTYPE", EPROTOTYPE),
              entry("ENOPROTOOPT", ENOPROTOOPT),
              entry("EPROTONOSUPPORT", 93),
              entry("ESOCKTNOSUPPORT", 94),
              entry("EOPNOTSUPP", EOPNOTSUPP),
              entry("EPFNOSUPPORT", 96),
              entry("EAFNOSUPPORT", EAFNOSUPPORT),
              entry("EADDRINUSE", EADDRINUSE),
              entry("EADDRNOTAVAIL", EADDRNOTAVAIL),
              entry("ENETDOWN", 100),
              entry("ENETUNREACH", ENETUNREACH),
              entry("ENETRESET", 102),
              entry("ECONNABORTED", ECONNABORTED),
              entry("ECONNRESET", ECONNRESET),
              entry("ENOBUFS", 105),
              entry("EISCONN", EISCONN),
              entry("ENOTCONN", ENOTCONN),
              entry("ESHUTDOWN", 108),
              entry("ETOOMANYREFS", 109),
              entry("ETIMEDOUT", ETIMEDOUT),
              entry("ECONNREFUSED", ECONNREFUSED),
              entry("EHOSTDOWN", 112),
              entry("EHOSTUNREACH", EHOSTUNREACH),
              entry("EALREADY", EALREADY),
              entry("EINPROGRESS", EINPROGRESS),
              entry("ECANCELED", 125)));

  private SimErrnos() {}

  /**
   * {@return the number of an error}
   *
   * @param name such as {@code ENOBUFS}
   * @throws IllegalArgumentException if there is no such error
   */
  public static int number(String name) {
    return TABLE.number(name);
  }
}
