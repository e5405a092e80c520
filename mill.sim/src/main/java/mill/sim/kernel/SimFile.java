package mill.sim.kernel;

import java.util.ArrayList;
import java.util.List;

/** An open file: what a descriptor stands for, and who watches it. */
abstract class SimFile {
  final Host host;
  boolean nonBlocking = true;
  int interruptions; // of calls, one after the other

  private final List<Watch> watches = new ArrayList<>(2);
  private int references; // by descriptors, and by messages that pass one

  SimFile(Host host) {
    this.host = host;
  }

  /** {@return the bits of {@link Ready} that hold now} */
  abstract int ready();

  /** Another descriptor stands for this, or a message passes one. */
  final void retain() {
    references++;
  }

  /** One of them less; the last one closes. */
  final void drop() {
    if (--references == 0) {
      forgetWatches();
      release();
    }
  }

  /** Nothing stands for this any more. */
  abstract void release();

  /** {@return whether a transfer may be short} Datagrams are not. */
  abstract boolean isStream();

  /** {@code read(2)}. */
  abstract int read(Transfer into);

  /** {@code write(2)}. */
  abstract int write(Transfer from);

  final void watch(Watch watch) {
    watches.add(watch);
  }

  final void unwatch(Watch watch) {
    watches.remove(watch);
  }

  /** Tells the pollers that something has become so. */
  final void signal(int bits) {
    for (int i = 0; i < watches.size(); i++) {
      Watch watch = watches.get(i);
      watch.poller.signal(watch, bits);
    }
  }

  private void forgetWatches() {
    while (!watches.isEmpty()) {
      Watch last = watches.removeLast();
      last.poller.forget(last);
    }
  }
}
