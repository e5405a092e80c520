package mill.core;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;

/**
 * A fake of the set that a kernel keeps for a poller: what each descriptor is asked for, and how
 * often. One thread at a time.
 */
final class FakeInterestSet {
  private static final int ALWAYS = Readiness.ERROR | Readiness.WRITE_CLOSED;

  private static final class Entry {
    final int fd;
    long token;
    Interest interest = Interest.NONE;
    Trigger trigger = Trigger.LEVEL;
    boolean armed;
    boolean edge;

    Entry(int fd) {
      this.fd = fd;
    }
  }

  private final IntUnaryOperator readiness;
  private final Map<Integer, Entry> entries = new LinkedHashMap<>();

  /** Makes one that asks for the readiness of a descriptor. */
  FakeInterestSet(IntUnaryOperator readiness) {
    this.readiness = readiness;
  }

  /** Adds a descriptor, anew if it is there; tells whether it was not. */
  boolean add(int fd) {
    return entries.put(fd, new Entry(fd)) == null;
  }

  boolean contains(int fd) {
    return entries.containsKey(fd);
  }

  /** Removes a descriptor; tells whether it was there. */
  boolean remove(int fd) {
    return entries.remove(fd) != null;
  }

  /** Asks for events of a descriptor that is there. */
  void arm(int fd, long token, Interest interest, Trigger trigger) {
    Entry entry = entries.get(fd);
    entry.token = token;
    entry.interest = interest;
    entry.trigger = trigger;
    entry.armed = true;
    entry.edge = true;
  }

  /** The readiness of a descriptor has changed. */
  void changed(int fd) {
    Entry entry = entries.get(fd);
    if (entry != null) {
      entry.edge = true;
    }
  }

  long token(int fd) {
    return entries.get(fd).token;
  }

  /** What a descriptor is asked for, NONE if it is not in the set. */
  Interest interest(int fd) {
    Entry entry = entries.get(fd);
    return entry == null ? Interest.NONE : entry.interest;
  }

  boolean isArmed(int fd) {
    Entry entry = entries.get(fd);
    return entry != null && entry.armed;
  }

  /** Reports what is due. */
  void collect(ReadyEvents into) {
    var reported = new ArrayList<Entry>();
    Iterator<Entry> each = entries.values().iterator();
    while (each.hasNext() && into.size() < into.capacity()) {
      Entry entry = each.next();
      int bits = readiness.applyAsInt(entry.fd) & (mask(entry.interest) | ALWAYS);
      boolean due = entry.armed && (entry.trigger != Trigger.EDGE || entry.edge);
      if (bits != 0 && due) {
        into.add(entry.token, bits);
        entry.edge = false;
        entry.armed = entry.trigger != Trigger.ONESHOT;
        reported.add(entry);
        each.remove();
      }
    }
    // Behind the others, as epoll does it, so that a small batch serves all in turn.
    reported.forEach(entry -> entries.put(entry.fd, entry));
  }

  private static int mask(Interest interest) {
    return (interest.isReadable() ? Readiness.READABLE | Readiness.READ_CLOSED : 0)
        | (interest.isWritable() ? Readiness.WRITABLE : 0)
        | (interest.isPriority() ? Readiness.PRIORITY : 0);
  }
}
