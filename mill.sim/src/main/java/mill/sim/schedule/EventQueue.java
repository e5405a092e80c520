package mill.sim.schedule;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** What is to happen at which time, in that order; at one time, first in first out. */
final class EventQueue {
  /** Something that happens. */
  static final class Event implements Comparable<Event> {
    final long atNs;
    private final long sequence;
    final @Nullable Runnable action; // null for an alarm
    final @Nullable SimThread sleeper;
    private final long sleep;
    boolean cancelled;

    private Event(
        long atNs,
        long sequence,
        @Nullable Runnable action,
        @Nullable SimThread sleeper,
        long sleep) {
      this.atNs = atNs;
      this.sequence = sequence;
      this.action = action;
      this.sleeper = sleeper;
      this.sleep = sleep;
    }

    boolean isVoid() {
      return cancelled || (sleeper != null && (sleeper.sleeps != sleep || sleeper.ended));
    }

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNs, other.atNs);
      return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long sequence;

  Event add(long atNs, Runnable action) {
    var event = new Event(atNs, sequence++, action, null, 0);
    events.add(event);
    return event;
  }

  /** An alarm for the sleep that the thread is about to begin. */
  void addAlarm(long atNs, SimThread sleeper) {
    events.add(new Event(atNs, sequence++, null, sleeper, sleeper.sleeps));
  }

  /** The next one that still means something, or null. */
  @Nullable Event poll() {
    Event event;
    do {
      event = events.poll();
    } while (event != null && event.isVoid());
    return event;
  }

  void clear() {
    events.clear();
  }
}
