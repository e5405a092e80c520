package mill.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleFinder;
import java.util.Arrays;

/** Counts the bytes that threads allocate. Reading the count allocates a little itself. */
public final class Allocations {
  private static final String MODULE = "jdk.management";
  private static final int MIN_WINDOWS = 100;

  /** How long it may take until all is compiled, on a machine where the compiler has to wait. */
  private static final long PATIENCE_NS = Await.PATIENCE_NS;

  /** How long it may take where a window is slow: what runs in a child ends before it is ended. */
  private static final long MAX_NS = 3 * Await.PATIENCE_NS;

  private Allocations() {}

  /** Something that should make no garbage. */
  @FunctionalInterface
  public interface Work {
    void run() throws Exception;
  }

  /** Skips the test where nothing counts allocations: in this JVM. */
  public static void assumeCounted() {
    assumeTrue(
        ModuleLayer.boot().findModule(MODULE).isPresent(),
        "this JVM has no module " + MODULE + ", which counts allocations");
  }

  /** The same for a {@link ChildJvm}, which gets the module by this option. */
  public static String assumedModule() {
    assumeTrue(
        ModuleFinder.ofSystem().find(MODULE).isPresent(),
        "this JDK has no module " + MODULE + ", which counts allocations");
    return "--add-modules=" + MODULE;
  }

  /** What the current thread has allocated so far. */
  public static long ofCurrentThread() {
    return Bean.THREADS.getCurrentThreadAllocatedBytes();
  }

  /** What threads have allocated so far, in all. */
  public static long of(long... threadIds) {
    return Arrays.stream(threadIds).map(Bean.THREADS::getThreadAllocatedBytes).sum();
  }

  /**
   * Runs work of some iterations until it has made less than a byte in each. The first times are
   * interpreted and compiled, which takes turns and time; what allocates at each iteration does so
   * every time.
   *
   * @param threadIds whose allocations count
   */
  public static void requireNone(int iterations, Work work, long... threadIds) throws Exception {
    long fewest = Long.MAX_VALUE;
    long startNs = System.nanoTime();
    int window = 0;
    for (long ns = 0;
        fewest >= iterations && (ns < PATIENCE_NS || (window < MIN_WINDOWS && ns < MAX_NS));
        ns = System.nanoTime() - startNs) {
      window++;
      long before = of(threadIds);
      work.run();
      fewest = Math.min(fewest, of(threadIds) - before);
    }
    if (fewest >= iterations) {
      throw new AssertionError(
          fewest + " bytes in " + iterations + " iterations, the least of " + window + " times");
    }
  }

  // Of its own, so that a JVM without the module fails only when it counts.
  private static final class Bean {
    static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  }
}
