package mill.bench.jmh;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import mill.natives.net.RawFd;

/** As much of {@code inotify(7)} as a benchmark needs: a directory's creations and deletions. */
final class InotifyFd {
  /** A file was made. */
  static final int IN_CREATE = 0x100;

  /** A file was deleted. */
  static final int IN_DELETE = 0x200;

  /** Where an event has its mask, its name's length, and the name. */
  static final int MASK_OFFSET = 4;

  static final int LENGTH_OFFSET = 12;
  static final int NAME_OFFSET = 16;

  private static final int IN_CLOEXEC = 0x80000;

  private InotifyFd() {}

  /** Watches a directory; the descriptor is the caller's to close. */
  static RawFd watch(Path directory) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      int number =
          (int)
              link("inotify_init1", FunctionDescriptor.of(JAVA_INT, JAVA_INT))
                  .invokeExact(IN_CLOEXEC);
      RawFd fd = RawFd.own(number);
      int watch =
          (int)
              link(
                      "inotify_add_watch",
                      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT))
                  .invokeExact(
                      number, arena.allocateFrom(directory.toString()), IN_CREATE | IN_DELETE);
      if (watch < 0) {
        fd.close();
        throw new IOException("inotify refuses to watch " + directory);
      }
      return fd;
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    MemorySegment address = linker.defaultLookup().findOrThrow(name);
    return linker.downcallHandle(address, descriptor);
  }
}
