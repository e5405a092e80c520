package mill.testing;

import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;

/**
 * The stacks of all platform threads of this JVM, with what each waits for and who holds it.
 *
 * <p>Virtual threads are not among them: no call of the JDK enumerates those.
 */
final class ThreadDump {
  /** Threads of the virtual machine and of the build, which wait in every dump. */
  private static final Set<String> OF_THE_HOUSE =
      Set.of(
          "Attach Listener",
          "Common-Cleaner",
          "Finalizer",
          "Notification Thread",
          "Reference Handler",
          "Signal Dispatcher");

  private ThreadDump() {}

  static String ofAll() {
    return hasManagement() ? withLocks() : stacksOnly();
  }

  // A small run-time image may lack it.
  private static boolean hasManagement() {
    return ModuleLayer.boot().findModule("java.management").isPresent();
  }

  private static String withLocks() {
    var dump = new StringBuilder();
    Arrays.stream(ManagementFactory.getThreadMXBean().dumpAllThreads(true, true))
        .filter(thread -> isShown(thread.getThreadName(), thread.getStackTrace()))
        .sorted(Comparator.comparingLong(ThreadInfo::getThreadId))
        .forEach(thread -> append(dump, thread));
    return dump.toString();
  }

  private static void append(StringBuilder dump, ThreadInfo thread) {
    header(dump, thread.getThreadName(), thread.getThreadId(), thread.getThreadState());
    LockInfo lock = thread.getLockInfo();
    if (lock != null) {
      dump.append(" on ").append(lock);
    }
    if (thread.getLockOwnerName() != null) {
      dump.append(" held by \"").append(thread.getLockOwnerName()).append('"');
    }
    dump.append('\n');
    StackTraceElement[] stack = thread.getStackTrace();
    for (int depth = 0; depth < stack.length; depth++) {
      frame(dump, stack[depth]);
      for (MonitorInfo monitor : thread.getLockedMonitors()) {
        if (monitor.getLockedStackDepth() == depth) {
          dump.append("\t- holds ").append(monitor).append('\n');
        }
      }
    }
    for (LockInfo held : thread.getLockedSynchronizers()) {
      dump.append("\t- holds ").append(held).append('\n');
    }
  }

  private static String stacksOnly() {
    var dump = new StringBuilder();
    Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> isShown(entry.getKey().getName(), entry.getValue()))
        .sorted(Comparator.comparingLong(entry -> entry.getKey().threadId()))
        .forEach(entry -> append(dump, entry));
    return dump.toString();
  }

  private static void append(StringBuilder dump, Map.Entry<Thread, StackTraceElement[]> entry) {
    Thread thread = entry.getKey();
    header(dump, thread.getName(), thread.threadId(), thread.getState());
    dump.append('\n');
    for (StackTraceElement element : entry.getValue()) {
      frame(dump, element);
    }
  }

  private static void header(StringBuilder dump, String name, long id, Thread.State state) {
    dump.append('"').append(name).append("\" #").append(id).append(' ').append(state);
  }

  private static boolean isShown(String name, StackTraceElement[] stack) {
    return stack.length > 0
        && !OF_THE_HOUSE.contains(name)
        && !name.startsWith("surefire")
        && Arrays.stream(stack).noneMatch(ThreadDump::waitsForTheTest);
  }

  // JUnit's thread, which waits for the one that the test runs on.
  private static boolean waitsForTheTest(StackTraceElement element) {
    return element.getMethodName().equals("assertTimeoutPreemptively");
  }

  private static boolean isOfJUnit(StackTraceElement element) {
    return element.getClassName().startsWith("org.junit.platform.")
        || element.getClassName().startsWith("org.junit.jupiter.engine.")
        || element.getClassName().startsWith("org.apache.maven.");
  }

  private static void frame(StringBuilder dump, StackTraceElement element) {
    if (!isOfJUnit(element)) {
      dump.append("\tat ").append(element).append('\n');
    }
  }
}
