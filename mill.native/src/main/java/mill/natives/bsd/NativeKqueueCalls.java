package mill.natives.bsd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import mill.natives.ffm.NativeFunction;

/**
 * The kqueue calls of the C library, or of the library that {@value #LIBRARY_PROPERTY} names.
 *
 * <p>macOS and FreeBSD declare them alike; what differs is the size of {@code struct kevent}. Their
 * memory is the poller's own and outlives the call.
 */
final class NativeKqueueCalls implements KqueueCalls {
  /** For tests only: the path of a userspace libkqueue. */
  static final String LIBRARY_PROPERTY = "mill.kqueue.library";

  private static final NativeFunction CLOSE = NativeFunction.of("close");

  NativeKqueueCalls() {}

  @Override
  public int kqueue() {
    return Kqueue.CREATE.call();
  }

  @Override
  public int kevent(
      int kq,
      MemorySegment changes,
      int changeCount,
      MemorySegment events,
      int eventCapacity,
      MemorySegment timeout) {
    return Kqueue.KEVENT.call(
        kq, changes.address(), changeCount, events.address(), eventCapacity, timeout.address());
  }

  @Override
  public int close(int kq) {
    return CLOSE.call(kq);
  }

  /** A class of its own: elsewhere the platform can be made, if not used. */
  private static final class Kqueue {
    static final NativeFunction CREATE = find("kqueue");
    static final NativeFunction KEVENT = find("kevent");
  }

  private static NativeFunction find(String name) {
    String library = System.getProperty(LIBRARY_PROPERTY);
    return library == null
        ? NativeFunction.of(name)
        : new NativeFunction(
            SymbolLookup.libraryLookup(Path.of(library), Arena.global()).findOrThrow(name));
  }
}
