package mill.sim.schedule;

import java.time.Duration;
import java.util.List;

/** Says who waits for what, with stacks. */
final class Waiting {
  private static final int FRAMES = 16;

  private Waiting() {}

  static String deadlock(List<SimThread> live, long nowNs) {
    return "deadlock at " + at(nowNs) + ": nobody can go on, and nothing is to happen" + all(live);
  }

  static String timeOver(List<SimThread> live, long nowNs) {
    return "not finished at " + at(nowNs) + ", the limit of this simulation" + all(live);
  }

  static String livelock(List<SimThread> live, long nowNs) {
    return "livelock at %s: %d turns in which no time passed%s"
        .formatted(at(nowNs), World.MAX_TURNS_AT_ONE_INSTANT, all(live));
  }

  static String stuck(SimThread holder, long realNs) {
    return "%s keeps its turn for %d ms of real time: it runs, or waits, outside of what is simulated (a lock, a future, a sleep or a queue of the JDK)%s"
        .formatted(holder, realNs / 1_000_000, stack(holder));
  }

  private static String at(long nowNs) {
    return Duration.ofNanos(nowNs).toString();
  }

  private static String all(List<SimThread> live) {
    var text = new StringBuilder();
    for (SimThread thread : live) {
      text.append("\n  ").append(thread);
      if (thread.sleep != SimThread.Sleep.NONE) {
        text.append(" waits");
      }
      if (thread.blocker != null) {
        text.append(" for ").append(thread.blocker.getClass().getName());
      }
      text.append(stack(thread));
    }
    return text.toString();
  }

  private static String stack(SimThread thread) {
    var text = new StringBuilder();
    int frames = 0;
    for (StackTraceElement frame : thread.thread.getStackTrace()) {
      String where = frame.getClassName();
      boolean ours = where.startsWith("mill.sim.schedule.") || where.startsWith("java.lang.");
      if (!ours && !where.startsWith("java.util.concurrent.locks.") && frames < FRAMES) {
        frames++;
        text.append("\n      at ").append(frame);
      }
    }
    return text.toString();
  }
}
