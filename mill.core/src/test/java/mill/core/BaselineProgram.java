package mill.core;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.UnixStream;

/**
 * Opens, runs and closes loops in every way, and tells whether descriptors and threads are back
 * where they were.
 */
public final class BaselineProgram {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';
  private static final int CYCLES = 100;

  // A Windows JVM opens and closes some handles of its own in its own time. What a loop leaks it
  // leaks at least in each fifth cycle, the rarest way to end one.
  private static final int WINDOWS_DRIFT = CYCLES / 10;

  private BaselineProgram() {}

  public static void main(String[] args) throws Throwable {
    cycle(DispatchMode.INLINE, 0); // opens what the JVM opens once
    cycle(DispatchMode.WORKERS, 0);
    int descriptorsBefore = descriptors();
    List<String> before = threads();
    for (int i = 0; i < CYCLES; i++) {
      cycle(DispatchMode.INLINE, i);
      cycle(DispatchMode.WORKERS, i);
    }
    int descriptorsAfter = descriptors();
    List<String> after = threads();
    int drift = descriptorsAfter - descriptorsBefore;
    boolean sameDescriptors = ON_WINDOWS ? drift <= WINDOWS_DRIFT : drift == 0;
    if (!sameDescriptors || !after.equals(before)) {
      System.out.println("before: " + descriptorsBefore + " descriptors, " + before);
      System.out.println("after: " + descriptorsAfter + " descriptors, " + after);
      System.exit(1);
    }
    System.out.println("baseline");
  }

  private static void cycle(DispatchMode dispatch, int way) throws Exception {
    var config = LoopConfig.builder().dispatch(dispatch).workers(2);
    try (EventLoop loop = EventLoop.open(config.build())) {
      UnixStream.Pair pair = UnixStream.pair();
      loop.register(pair.second(), Interest.NONE, (mine, readiness) -> {});
      loop.register(
          pair.first(),
          Interest.WRITABLE,
          Trigger.ONESHOT,
          (mine, readiness) -> {
            switch (way % 3) {
              case 0 -> mine.loop().stop();
              case 1 -> mine.loop().close();
              default -> mine.loop().shutdown(Duration.ofMinutes(1));
            }
          });
      loop.schedule(Duration.ofHours(1), () -> {});
      if (way % 5 != 4) {
        loop.run();
      }
      loop.shutdown(Duration.ZERO);
    }
  }

  // Wine lists its own descriptors there like Linux, and counts no handles.
  public static int descriptors() throws Throwable {
    String[] descriptors = new File("/proc/self/fd").list();
    if (descriptors != null) {
      return descriptors.length;
    }
    if (!ON_WINDOWS) {
      throw new AssertionError("/proc/self/fd cannot be read");
    }
    return handles();
  }

  /** The number of this process's handles, sockets among them. */
  private static int handles() throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle getProcessHandleCount =
          Linker.nativeLinker()
              .downcallHandle(
                  SymbolLookup.libraryLookup("kernel32", arena)
                      .findOrThrow("GetProcessHandleCount"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      int told = (int) getProcessHandleCount.invokeExact(MemorySegment.ofAddress(-1), count);
      int handles = count.get(ValueLayout.JAVA_INT, 0);
      if (told == 0 || handles <= 0) {
        throw new AssertionError("the handles cannot be counted");
      }
      return handles;
    }
  }

  /**
   * The names of the threads that are alive, without the one of the JDK's that serves all timers of
   * its futures: it stays, whoever asked for it first.
   */
  public static List<String> threads() {
    var names = new ArrayList<String>();
    var threads = new Thread[1_000];
    int count = Thread.enumerate(threads);
    for (int i = 0; i < count; i++) {
      if (!threads[i].getName().startsWith("ForkJoinPool.commonPool-")) {
        names.add(threads[i].getName());
      }
    }
    return names;
  }
}
