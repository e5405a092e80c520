package mill.natives.windows;

import static java.util.Map.entry;

import java.util.Map;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.Errnos;

/**
 * The errors that the calls mill makes can return, under the names POSIX has for them.
 *
 * <p>Three families of numbers meet here and do not overlap: Winsock's from 10000, Windows' own
 * below, and the {@code NTSTATUS}es that are turned into the second. Names that only POSIX has
 * stand for the Windows error that says the same.
 */
final class WindowsErrnos {
  /** {@code ENOENT}: {@code ERROR_FILE_NOT_FOUND}. */
  static final int NOT_FOUND = 2;

  /** {@code EPIPE}: {@code ERROR_BROKEN_PIPE}. */
  static final int BROKEN_PIPE = 109;

  /** {@code ENOSYS}: {@code ERROR_CALL_NOT_IMPLEMENTED}. */
  static final int NOT_IMPLEMENTED = 120;

  static final Errnos TABLE =
      new Errnos(
          Map.ofEntries(
              entry("ENOENT", NOT_FOUND),
              entry("ERROR_ACCESS_DENIED", 5),
              entry("ERROR_INVALID_HANDLE", Windows.ERROR_INVALID_HANDLE()),
              entry("ENOMEM", 8), // ERROR_NOT_ENOUGH_MEMORY
              entry("ERROR_NETNAME_DELETED", Windows.ERROR_NETNAME_DELETED()),
              entry("ERROR_INVALID_PARAMETER", 87),
              entry("EPIPE", BROKEN_PIPE),
              entry("ENOSYS", NOT_IMPLEMENTED),
              entry("ERROR_ABANDONED_WAIT_0", Windows.ERROR_ABANDONED_WAIT_0()),
              entry("ECANCELED", Windows.ERROR_OPERATION_ABORTED()),
              entry("EPERM", 1314), // ERROR_PRIVILEGE_NOT_HELD
              entry("ERROR_NO_SYSTEM_RESOURCES", 1450),
              entry("EINTR", Windows.WSAEINTR()),
              entry("EBADF", Windows.WSAEBADF()),
              entry("EACCES", Windows.WSAEACCES()),
              entry("EFAULT", Windows.WSAEFAULT()),
              entry("EINVAL", Windows.WSAEINVAL()),
              entry("EMFILE", Windows.WSAEMFILE()),
              entry("EAGAIN", Windows.WSAEWOULDBLOCK()),
              entry("EINPROGRESS", Windows.WSAEINPROGRESS()),
              entry("EALREADY", Windows.WSAEALREADY()),
              entry("ENOTSOCK", Windows.WSAENOTSOCK()),
              entry("EDESTADDRREQ", Windows.WSAEDESTADDRREQ()),
              entry("EMSGSIZE", Windows.WSAEMSGSIZE()),
              entry("EPROTOTYPE", Windows.WSAEPROTOTYPE()),
              entry("ENOPROTOOPT", Windows.WSAENOPROTOOPT()),
              entry("EPROTONOSUPPORT", Windows.WSAEPROTONOSUPPORT()),
              entry("ESOCKTNOSUPPORT", Windows.WSAESOCKTNOSUPPORT()),
              entry("EOPNOTSUPP", Windows.WSAEOPNOTSUPP()),
              entry("EPFNOSUPPORT", Windows.WSAEPFNOSUPPORT()),
              entry("EAFNOSUPPORT", Windows.WSAEAFNOSUPPORT()),
              entry("EADDRINUSE", Windows.WSAEADDRINUSE()),
              entry("EADDRNOTAVAIL", Windows.WSAEADDRNOTAVAIL()),
              entry("ENETDOWN", Windows.WSAENETDOWN()),
              entry("ENETUNREACH", Windows.WSAENETUNREACH()),
              entry("ENETRESET", Windows.WSAENETRESET()),
              entry("ECONNABORTED", Windows.WSAECONNABORTED()),
              entry("ECONNRESET", Windows.WSAECONNRESET()),
              entry("ENOBUFS", Windows.WSAENOBUFS()),
              entry("EISCONN", Windows.WSAEISCONN()),
              entry("ENOTCONN", Windows.WSAENOTCONN()),
              entry("ESHUTDOWN", Windows.WSAESHUTDOWN()),
              entry("ETOOMANYREFS", Windows.WSAETOOMANYREFS()),
              entry("ETIMEDOUT", Windows.WSAETIMEDOUT()),
              entry("ECONNREFUSED", Windows.WSAECONNREFUSED()),
              entry("ELOOP", Windows.WSAELOOP()),
              entry("ENAMETOOLONG", Windows.WSAENAMETOOLONG()),
              entry("EHOSTDOWN", Windows.WSAEHOSTDOWN()),
              entry("EHOSTUNREACH", Windows.WSAEHOSTUNREACH()),
              entry("WSANOTINITIALISED", Windows.WSANOTINITIALISED())));

  private WindowsErrnos() {}
}
