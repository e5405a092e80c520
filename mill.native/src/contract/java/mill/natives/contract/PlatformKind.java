package mill.natives.contract;

/** What a platform under the contract is made of. */
enum PlatformKind {
  /** epoll, waiting by {@code epoll_pwait2}. */
  EPOLL,
  /** epoll, waiting by {@code epoll_wait}, as where the C library has no {@code epoll_pwait2}. */
  EPOLL_WAIT,
  /** kqueue of the kernel that this runs on. */
  KQUEUE,
  /** mill's kqueue backend on a model of the kernel, in plain Java. */
  KQUEUE_MODEL,
  /** The same model with FreeBSD's entries of 64 bytes and its EVFILT_USER. */
  KQUEUE_MODEL_64,
  /** mill's kqueue poller on a userspace libkqueue, with the sockets of the host. */
  KQUEUE_LIBRARY,
  /** I/O completion ports with AFD polls, on Windows. */
  IOCP,
  /** The same on Wine, which is not Windows in all it does. */
  IOCP_WINE,
  /** A host of mill.sim, which behaves as Linux does. */
  SIMULATED
}
