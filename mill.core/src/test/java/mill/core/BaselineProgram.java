package mill.core;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.UnixStream;

/**
 * Opens, runs and closes loops in every way, and tells whether descriptors and threads are back
 * where they were.
 */
final class BaselineProgram {
  private static final int CYCLES = 100;

  private BaselineProgram() {}

  public static void main(String[] args) throws Exception {
    cycle(DispatchMode.INLINE, 0); // opens what the JVM opens once
    cycle(DispatchMode.WORKERS, 0);
    List<String> before = resources();
    for (int i = 0; i < CYCLES; i++) {
      cycle(DispatchMode.INLINE, i);
      cycle(DispatchMode.WORKERS, i);
    }
    List<String> after = resources();
    if (!after.equals(before)) {
      System.out.println("before: " + before + "\nafter: " + after);
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
            Runnable end = way % 2 == 0 ? mine.loop()::stop : mine.loop()::close;
            end.run();
          });
      if (way % 5 != 4) {
        loop.run();
      }
    }
  }

  /** The number of descriptors, and the names of the threads that are alive. */
  private static List<String> resources() {
    String[] descriptors = new File("/proc/self/fd").list();
    if (descriptors == null) {
      throw new AssertionError("/proc/self/fd cannot be read");
    }
    var resources = new ArrayList<String>();
    resources.add(descriptors.length + " descriptors");
    var threads = new Thread[1_000];
    int count = Thread.enumerate(threads);
    for (int i = 0; i < count; i++) {
      resources.add(threads[i].getName());
    }
    return resources;
  }
}
