package mill.natives.bsd;

import java.util.HashMap;
import java.util.Map;
import mill.natives.gen.freebsd.FreeBsd;
import mill.natives.gen.macos.MacOs;
import mill.natives.platform.Errnos;

/** The errors that the calls mill makes can return ({@code errno(2)}). */
final class BsdErrnos {
  static final Errnos MAC_OS =
      table(
          Map.of(
              "ENOTSUP", MacOs.ENOTSUP(),
              "ECANCELED", MacOs.ECANCELED(),
              "EPROTO", MacOs.EPROTO(),
              "EOPNOTSUPP", MacOs.EOPNOTSUPP()));

  static final Errnos FREE_BSD =
      table(
          Map.of(
              "ECANCELED", FreeBsd.ECANCELED(),
              "EPROTO", FreeBsd.EPROTO(),
              "EOPNOTSUPP", FreeBsd.EOPNOTSUPP()));

  private BsdErrnos() {}

  private static Errnos table(Map<String, Integer> own) {
    var numbers = new HashMap<>(own);
    numbers.put("EPERM", MacOs.EPERM());
    numbers.put("ENOENT", MacOs.ENOENT());
    numbers.put("EINTR", MacOs.EINTR());
    numbers.put("EIO", MacOs.EIO());
    numbers.put("ENXIO", MacOs.ENXIO());
    numbers.put("EBADF", MacOs.EBADF());
    numbers.put("EDEADLK", MacOs.EDEADLK());
    numbers.put("ENOMEM", MacOs.ENOMEM());
    numbers.put("EACCES", MacOs.EACCES());
    numbers.put("EFAULT", MacOs.EFAULT());
    numbers.put("EBUSY", MacOs.EBUSY());
    numbers.put("EEXIST", MacOs.EEXIST());
    numbers.put("ENODEV", MacOs.ENODEV());
    numbers.put("ENOTDIR", MacOs.ENOTDIR());
    numbers.put("EISDIR", MacOs.EISDIR());
    numbers.put("EINVAL", MacOs.EINVAL());
    numbers.put("ENFILE", MacOs.ENFILE());
    numbers.put("EMFILE", MacOs.EMFILE());
    numbers.put("ENOTTY", MacOs.ENOTTY());
    numbers.put("EFBIG", MacOs.EFBIG());
    numbers.put("ENOSPC", MacOs.ENOSPC());
    numbers.put("ESPIPE", MacOs.ESPIPE());
    numbers.put("EROFS", MacOs.EROFS());
    numbers.put("EPIPE", MacOs.EPIPE());
    numbers.put("EDOM", MacOs.EDOM());
    numbers.put("ERANGE", MacOs.ERANGE());
    numbers.put("EAGAIN", MacOs.EAGAIN());
    numbers.put("EINPROGRESS", MacOs.EINPROGRESS());
    numbers.put("EALREADY", MacOs.EALREADY());
    numbers.put("ENOTSOCK", MacOs.ENOTSOCK());
    numbers.put("EDESTADDRREQ", MacOs.EDESTADDRREQ());
    numbers.put("EMSGSIZE", MacOs.EMSGSIZE());
    numbers.put("EPROTOTYPE", MacOs.EPROTOTYPE());
    numbers.put("ENOPROTOOPT", MacOs.ENOPROTOOPT());
    numbers.put("EPROTONOSUPPORT", MacOs.EPROTONOSUPPORT());
    numbers.put("ESOCKTNOSUPPORT", MacOs.ESOCKTNOSUPPORT());
    numbers.put("EPFNOSUPPORT", MacOs.EPFNOSUPPORT());
    numbers.put("EAFNOSUPPORT", MacOs.EAFNOSUPPORT());
    numbers.put("EADDRINUSE", MacOs.EADDRINUSE());
    numbers.put("EADDRNOTAVAIL", MacOs.EADDRNOTAVAIL());
    numbers.put("ENETDOWN", MacOs.ENETDOWN());
    numbers.put("ENETUNREACH", MacOs.ENETUNREACH());
    numbers.put("ENETRESET", MacOs.ENETRESET());
    numbers.put("ECONNABORTED", MacOs.ECONNABORTED());
    numbers.put("ECONNRESET", MacOs.ECONNRESET());
    numbers.put("ENOBUFS", MacOs.ENOBUFS());
    numbers.put("EISCONN", MacOs.EISCONN());
    numbers.put("ENOTCONN", MacOs.ENOTCONN());
    numbers.put("ESHUTDOWN", MacOs.ESHUTDOWN());
    numbers.put("ETOOMANYREFS", MacOs.ETOOMANYREFS());
    numbers.put("ETIMEDOUT", MacOs.ETIMEDOUT());
    numbers.put("ECONNREFUSED", MacOs.ECONNREFUSED());
    numbers.put("ELOOP", MacOs.ELOOP());
    numbers.put("ENAMETOOLONG", MacOs.ENAMETOOLONG());
    numbers.put("EHOSTDOWN", MacOs.EHOSTDOWN());
    numbers.put("EHOSTUNREACH", MacOs.EHOSTUNREACH());
    numbers.put("ENOLCK", MacOs.ENOLCK());
    numbers.put("ENOSYS", MacOs.ENOSYS());
    numbers.put("EOVERFLOW", MacOs.EOVERFLOW());
    return new Errnos(numbers);
  }
}
