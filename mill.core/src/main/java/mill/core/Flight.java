package mill.core;

import org.jspecify.annotations.Nullable;

/** Looks once for the flight recorder, which not every image has. */
final class Flight {
  /** Where events go; null if module {@code jdk.jfr} is not there. */
  static final @Nullable FlightEvents EVENTS = isRecorderThere() ? new JfrEvents() : null;

  private Flight() {}

  /** Reports a task that an executor refuses; does nothing without a recorder. */
  static void taskRejected(String executor, String reason, Object task) {
    if (EVENTS != null) {
      EVENTS.taskRejected(executor, reason, task);
    }
  }

  // requires static: the module may be missing at run time. mill on the class path reads
  // everything.
  private static boolean isRecorderThere() {
    return ModuleLayer.boot()
        .findModule("jdk.jfr")
        .filter(Flight.class.getModule()::canRead)
        .isPresent();
  }
}
