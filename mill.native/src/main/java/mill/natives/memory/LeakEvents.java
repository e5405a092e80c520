package mill.natives.memory;

/**
 * Tells the flight recorder of leaks where there is one. Not every image has module {@code
 * jdk.jfr}, and without it no class of it may be loaded.
 */
final class LeakEvents {
  // requires static: the module may be missing at run time. On the class path mill reads every
  // module.
  private static final boolean RECORDER =
      ModuleLayer.boot()
          .findModule("jdk.jfr")
          .filter(LeakEvents.class.getModule()::canRead)
          .isPresent();

  private LeakEvents() {}

  /** Reports a leak; does nothing without a recorder. Any thread. */
  static void leaked(LeakReport report) {
    if (RECORDER) {
      LeakedBufferEvent.emit(report);
    }
  }
}
