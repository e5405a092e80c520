package mill.core.snippets;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;

/** Descriptors of the user's own on a loop. */
final class DescriptorSnippets {
  private DescriptorSnippets() {}

  static void ownDescriptor(EventLoop loop, int fd, MemorySegment buffer) throws IOException {
    // @start region="own-descriptor"
    RawFd events = RawFd.own(fd); // inotify, timerfd, a device: mill closes it from now on
    loop.register(
        events,
        Interest.READABLE,
        (registration, readiness) -> {
          int n;
          while ((n = events.read(buffer, 0, buffer.byteSize())) > 0) {
            handle(buffer.asSlice(0, n));
          }
          if (n == IoStatus.END_OF_STREAM) {
            registration.close();
          }
        });
    // @end
  }

  static void child(EventLoop loop, MemorySegment buffer) throws IOException {
    // @start region="child"
    PipePair pipe = PipePair.open();
    new ProcessBuilder("make")
        .redirectOutput(new File("/proc/self/fd/" + pipe.sink().fd())) // Linux
        .start();
    pipe.sink().close(); // the child has it now; when it exits, the source reads END_OF_STREAM
    // @end
    loop.register(
        pipe.source(),
        Interest.READABLE,
        (registration, readiness) -> {
          if (pipe.source().read(buffer, 0, buffer.byteSize()) == IoStatus.END_OF_STREAM) {
            registration.close();
          }
        });
  }

  private static void handle(MemorySegment bytes) {
    if (bytes.byteSize() == 0) {
      throw new IllegalArgumentException("nothing");
    }
  }
}
