package mill.sim.kernel;

import org.jspecify.annotations.Nullable;

/** What a poller knows of a file that it watches. */
final class Watch {
  final SimPoller poller;
  final int fd;
  final @Nullable SimFile file; // null for the waker
  long token;
  int events; // 0 for a one-shot that has fired
  boolean edge;
  boolean oneShot;
  boolean listed; // among what may be ready
  boolean removed;

  Watch(SimPoller poller, int fd, @Nullable SimFile file) {
    this.poller = poller;
    this.fd = fd;
    this.file = file;
  }
}
