package mill.examples.watch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import mill.natives.CurrentPlatform;
import mill.natives.net.RawFd;

/**
 * The calls of {@code inotify(7)}, and the descriptor they are about. For the thread that opened
 * it.
 */
final class Inotify implements AutoCloseable {
  private static final int IN_CLOEXEC = 0x80000;

  private static final MethodHandle INIT1 =
      link("inotify_init1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle ADD_WATCH =
      link("inotify_add_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle RM_WATCH =
      link("inotify_rm_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET = CAPTURED.byteOffset(PathElement.groupElement("errno"));

  // Freed when this is garbage.
  private final MemorySegment captured;
  private final RawFd fd;

  private Inotify(MemorySegment captured, RawFd fd) {
    this.captured = captured;
    this.fd = fd;
  }

  /**
   * Makes an inotify instance.
   *
   * @throws IOException with {@code EMFILE} if the user has too many of them already
   */
  static Inotify open() throws IOException {
    MemorySegment captured = Arena.ofAuto().allocate(CAPTURED);
    int fd = checked("inotify_init1", init1(captured), captured);
    // From here on mill owns the number: closing the RawFd closes it, and nothing else may.
    return new Inotify(captured, RawFd.own(fd));
  }

  /** The descriptor, to register and to read {@link InotifyEvent}s from. */
  RawFd fd() {
    return fd;
  }

  /**
   * Watches a file or directory.
   *
   * @return the watch, which events name; the one there is if the file is watched already
   */
  int add(String path, int mask) throws IOException {
    int watch;
    try (Arena call = Arena.ofConfined()) {
      watch = (int) ADD_WATCH.invokeExact(captured, fd.fd(), call.allocateFrom(path), mask);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    return checked("inotify_add_watch(" + path + ")", watch, captured);
  }

  /** Ends a watch. The kernel confirms it by an event with {@link WatchEvent#IGNORED}. */
  void remove(int watch) throws IOException {
    int result;
    try {
      result = (int) RM_WATCH.invokeExact(captured, fd.fd(), watch);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    checked("inotify_rm_watch(" + watch + ")", result, captured);
  }

  @Override
  public void close() {
    fd.close();
  }

  private static int init1(MemorySegment captured) {
    try {
      return (int) INIT1.invokeExact(captured, IN_CLOEXEC);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int checked(String call, int result, MemorySegment captured) throws IOException {
    if (result < 0) {
      int errno = captured.get(JAVA_INT, ERRNO_OFFSET);
      throw CurrentPlatform.get().errnos().exception(call, -errno);
    }
    return result;
  }

  // errno must be captured with the call: a moment later it may be somebody else's.
  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        descriptor,
        Linker.Option.captureCallState("errno"));
  }

  /** A downcall throws nothing of its own: closed memory and the like are faults of this class. */
  private static IllegalStateException unexpected(Throwable thrown) {
    return new IllegalStateException("a call of inotify could not be made", thrown);
  }
}
