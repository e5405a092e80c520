package mill.natives.memory;

/**
 * Tells the flight recorder of leaks, where there is one: not every image has module {@code
 * jdk.jfr}, and no class of it may be loaded then.
 */
final class LeakFlight {
  // requires static: the module may be missing at run time. mill on the class path reads
  // everything.
  private static final boolean RECORDER =
      ModuleLayer.boot()
          .findModule("jdk.jfr")
          .filter(LeakFlight.class.getModule()::canRead)
          .isPresent();

  private LeakFlight() {}

  /** Reports a leak; does nothing without a recorder. Any thread. */
  static void leaked(LeakReport report) {
    if (RECORDER) {
      LeakedBufferEvent.emit(report);
    }
  }
}
