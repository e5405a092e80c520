package mill.examples.echo;

import java.util.Map;
import java.util.Optional;

/**
 * The server's processor time at a moment, thread by thread.
 *
 * <p>The kernel also tells the sum, but divides that into user and system time by the shares of the
 * process's whole life, so that what the compilers took at the start would still show in the
 * figures of a measurement made much later. A thread's own figures are steady.
 *
 * @param threads by thread number; empty where the system does not tell
 */
record ServerCpu(Map<String, ThreadTime> threads) {
  /**
   * One thread.
   *
   * @param name as the kernel has it
   * @param time what it has used
   */
  record ThreadTime(String name, CpuTime time) {}

  static ServerCpu of(long pid) {
    return new ServerCpu(CpuTime.ofThreads(pid));
  }

  /** The time of all threads since an earlier reading, or empty where the system does not tell. */
  Optional<CpuTime> processSince(ServerCpu earlier) {
    return threads.entrySet().stream().map(entry -> since(earlier, entry)).reduce(CpuTime::plus);
  }

  /** The time of the loop's thread since an earlier reading: no compiler, no garbage collector. */
  Optional<CpuTime> loopSince(ServerCpu earlier) {
    return threads.entrySet().stream()
        .filter(entry -> entry.getValue().name().equals(ServeMode.LOOP_THREAD))
        .map(entry -> since(earlier, entry))
        .findFirst();
  }

  private static CpuTime since(ServerCpu earlier, Map.Entry<String, ThreadTime> thread) {
    ThreadTime before = earlier.threads.get(thread.getKey());
    CpuTime now = thread.getValue().time();
    return before == null ? now : now.since(before.time());
  }
}
