package mill.natives.bsd;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Registrations by descriptor, which are small numbers. Guarded by the poller's lock. */
final class WatchTable {
  private static final int INITIAL_SLOTS = 64;

  private @Nullable Watch[] slots = new Watch[INITIAL_SLOTS];

  WatchTable() {}

  @Nullable Watch find(long fd) {
    return fd >= 0 && fd < slots.length ? slots[(int) fd] : null;
  }

  void put(Watch watch) {
    if (watch.fd >= slots.length) {
      slots = Arrays.copyOf(slots, Math.max(watch.fd + 1, slots.length * 2));
    }
    slots[watch.fd] = watch;
  }

  void remove(int fd) {
    slots[fd] = null;
  }
}
