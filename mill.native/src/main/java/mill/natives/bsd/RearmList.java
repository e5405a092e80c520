package mill.natives.bsd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/**
 * The registrations whose write filter is to be armed before the next wait. Guarded by the poller's
 * lock.
 *
 * <p>A registration is in it at most once, and while its {@code rearm} flag is up: whoever no
 * longer wants it lowers the flag and leaves the entry, which then is skipped. So the bound is the
 * number of registrations.
 */
final class RearmList {
  private static final int INITIAL_CAPACITY = 64;
  private static final int WRITE = MacOs.EVFILT_WRITE();

  private final KeventLayout layout;
  private final Arena arena;
  private @Nullable Watch[] watches = new Watch[INITIAL_CAPACITY];
  private int size;
  private MemorySegment changes;
  private int capacity = INITIAL_CAPACITY;

  RearmList(KeventLayout layout, Arena arena) {
    this.layout = layout;
    this.arena = arena;
    changes = arena.allocate(layout.list(capacity));
  }

  void add(Watch watch) {
    if (size == watches.length) {
      watches = Arrays.copyOf(watches, size * 2);
    }
    watches[size++] = watch;
  }

  /** Writes a change for each that still wants it, and empties the list; how many. */
  int writeChanges() {
    if (size == 0) {
      return 0;
    }
    if (capacity < size) {
      capacity = watches.length;
      changes = arena.allocate(layout.list(capacity));
    }
    int count = 0;
    for (int i = 0; i < size; i++) {
      Watch watch = watches[i];
      watches[i] = null;
      if (watch != null && watch.rearm) {
        watch.rearm = false;
        if (watch.interest.isWritable()) {
          int flags = KqueueEvents.flags(WRITE, watch.trigger);
          layout.write(changes, count++, watch.fd, WRITE, flags, watch.token);
          watch.hasWrite = true;
        }
      }
    }
    size = 0;
    return count;
  }

  MemorySegment changes() {
    return changes;
  }
}
