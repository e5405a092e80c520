package mill.sim.schedule;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The threads of a world: who has not begun, who can run, who sleeps, who is to be waited for. */
final class Roster {
  private final IdentityHashMap<Thread, SimThread> byThread = new IdentityHashMap<>(); // looked up
  private final List<SimProcess> processes = new ArrayList<>();
  private final List<SimThread> unstarted = new ArrayList<>();
  private final List<SimThread> live = new ArrayList<>();
  private final List<SimThread> runnable = new ArrayList<>();
  private int nextId = 1;
  private int interruptible;
  private int foreground;

  int nextId() {
    return nextId++;
  }

  void add(SimThread made) {
    byThread.put(made.thread, made);
    unstarted.add(made);
    if (!processes.contains(made.process())) {
      processes.add(made.process());
    }
  }

  @Nullable SimThread find(Thread thread) {
    return byThread.get(thread);
  }

  /** In the order of their beginning. */
  List<SimThread> live() {
    return live;
  }

  boolean isEmpty() {
    return live.isEmpty() && unstarted.isEmpty();
  }

  boolean isLive(SimProcess process) {
    admitStarted();
    return live.stream().anyMatch(thread -> thread.process() == process);
  }

  /** Whether a process has a thread that is no daemon. */
  boolean isHeldUp(SimProcess process) {
    admitStarted();
    return live.stream().anyMatch(thread -> thread.process() == process && !thread.daemon);
  }

  /** Whether anybody lives whom the world has to wait for. */
  boolean hasForeground() {
    return foreground > 0;
  }

  int runnable() {
    return runnable.size();
  }

  void mayRun(SimThread thread) {
    runnable.add(thread);
  }

  // The order is lost, and nobody depends on it: the next choice is drawn too.
  SimThread take(int index) {
    SimThread last = runnable.removeLast();
    return index == runnable.size() ? last : runnable.set(index, last);
  }

  void sleeps(SimThread thread, SimThread.Sleep kind) {
    thread.sleeps++;
    thread.sleep = kind;
    interruptible += kind == SimThread.Sleep.INTERRUPTIBLE ? 1 : 0;
  }

  void rouse(SimThread thread) {
    if (thread.sleep != SimThread.Sleep.NONE) {
      interruptible -= thread.sleep == SimThread.Sleep.INTERRUPTIBLE ? 1 : 0;
      thread.sleep = SimThread.Sleep.NONE;
      thread.sleeps++; // its alarm is void
      runnable.add(thread);
    }
  }

  /** Takes note of what was done by way of the JDK: threads started, and interrupted. */
  void lookAround() {
    if (!unstarted.isEmpty()) {
      admitStarted();
    }
    if (interruptible > 0) {
      rouseInterrupted();
    }
  }

  private void admitStarted() {
    for (int i = 0; i < unstarted.size(); i++) {
      SimThread thread = unstarted.get(i);
      // Whoever started it has done so before the turn was passed on: its state is no race.
      if (thread.thread.getState() != Thread.State.NEW) {
        unstarted.remove(i--);
        live.add(thread);
        runnable.add(thread);
        foreground += isForeground(thread) ? 1 : 0;
      }
    }
  }

  private void rouseInterrupted() {
    for (int i = 0; i < live.size(); i++) {
      SimThread thread = live.get(i);
      if (thread.sleep == SimThread.Sleep.INTERRUPTIBLE && thread.isInterrupted()) {
        rouse(thread);
      }
    }
  }

  private static boolean isForeground(SimThread thread) {
    return !thread.daemon && !thread.process().isBackground();
  }

  void end(SimThread thread) {
    thread.ended = true;
    live.remove(thread);
    byThread.remove(thread.thread);
    foreground -= isForeground(thread) ? 1 : 0;
  }

  void kill(SimProcess process) {
    admitStarted(); // what has been started has a thread of the JDK that waits for its turn
    process.kill();
    unstarted.removeIf(thread -> thread.process() == process);
    for (SimThread thread : live) {
      if (thread.process() == process) {
        rouse(thread);
      }
    }
  }

  void killAll() {
    processes.forEach(this::kill);
  }
}
