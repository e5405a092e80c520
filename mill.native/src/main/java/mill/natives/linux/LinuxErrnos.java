package mill.natives.linux;

import static java.util.Map.entry;

import java.util.Map;
import mill.natives.gen.linux.Linux;
import mill.natives.platform.Errnos;

/** The errors that the calls mill makes can return ({@code errno(3)}). */
final class LinuxErrnos {
  static final Errnos TABLE =
      new Errnos(
          Map.ofEntries(
              entry("EPERM", Linux.EPERM()),
              entry("ENOENT", Linux.ENOENT()),
              entry("EINTR", Linux.EINTR()),
              entry("EIO", Linux.EIO()),
              entry("ENXIO", Linux.ENXIO()),
              entry("EBADF", Linux.EBADF()),
              entry("EAGAIN", Linux.EAGAIN()),
              entry("ENOMEM", Linux.ENOMEM()),
              entry("EACCES", Linux.EACCES()),
              entry("EFAULT", Linux.EFAULT()),
              entry("EBUSY", Linux.EBUSY()),
              entry("EEXIST", Linux.EEXIST()),
              entry("ENODEV", Linux.ENODEV()),
              entry("ENOTDIR", Linux.ENOTDIR()),
              entry("EISDIR", Linux.EISDIR()),
              entry("EINVAL", Linux.EINVAL()),
              entry("ENFILE", Linux.ENFILE()),
              entry("EMFILE", Linux.EMFILE()),
              entry("ENOTTY", Linux.ENOTTY()),
              entry("EFBIG", Linux.EFBIG()),
              entry("ENOSPC", Linux.ENOSPC()),
              entry("ESPIPE", Linux.ESPIPE()),
              entry("EROFS", Linux.EROFS()),
              entry("EPIPE", Linux.EPIPE()),
              entry("EDOM", Linux.EDOM()),
              entry("ERANGE", Linux.ERANGE()),
              entry("EDEADLK", Linux.EDEADLK()),
              entry("ENAMETOOLONG", Linux.ENAMETOOLONG()),
              entry("ENOLCK", Linux.ENOLCK()),
              entry("ENOSYS", Linux.ENOSYS()),
              entry("ELOOP", Linux.ELOOP()),
              entry("EPROTO", Linux.EPROTO()),
              entry("EOVERFLOW", Linux.EOVERFLOW()),
              entry("ENOTSOCK", Linux.ENOTSOCK()),
              entry("EDESTADDRREQ", Linux.EDESTADDRREQ()),
              entry("EMSGSIZE", Linux.EMSGSIZE()),
              entry("EPROTOTYPE", Linux.EPROTOTYPE()),
              entry("ENOPROTOOPT", Linux.ENOPROTOOPT()),
              entry("EPROTONOSUPPORT", Linux.EPROTONOSUPPORT()),
              entry("ESOCKTNOSUPPORT", Linux.ESOCKTNOSUPPORT()),
              entry("EOPNOTSUPP", Linux.EOPNOTSUPP()),
              entry("EPFNOSUPPORT", Linux.EPFNOSUPPORT()),
              entry("EAFNOSUPPORT", Linux.EAFNOSUPPORT()),
              entry("EADDRINUSE", Linux.EADDRINUSE()),
              entry("EADDRNOTAVAIL", Linux.EADDRNOTAVAIL()),
              entry("ENETDOWN", Linux.ENETDOWN()),
              entry("ENETUNREACH", Linux.ENETUNREACH()),
              entry("ENETRESET", Linux.ENETRESET()),
              entry("ECONNABORTED", Linux.ECONNABORTED()),
              entry("ECONNRESET", Linux.ECONNRESET()),
              entry("ENOBUFS", Linux.ENOBUFS()),
              entry("EISCONN", Linux.EISCONN()),
              entry("ENOTCONN", Linux.ENOTCONN()),
              entry("ESHUTDOWN", Linux.ESHUTDOWN()),
              entry("ETOOMANYREFS", Linux.ETOOMANYREFS()),
              entry("ETIMEDOUT", Linux.ETIMEDOUT()),
              entry("ECONNREFUSED", Linux.ECONNREFUSED()),
              entry("EHOSTDOWN", Linux.EHOSTDOWN()),
              entry("EHOSTUNREACH", Linux.EHOSTUNREACH()),
              entry("EALREADY", Linux.EALREADY()),
              entry("ECANCELED", Linux.ECANCELED()),
              entry("EINPROGRESS", Linux.EINPROGRESS())));

  private LinuxErrnos() {}
}
