package mill.testing;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import jdk.jfr.FlightRecorder;

/** The flight recorder, where this JVM has one that works. */
public final class Recorders {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';

  private Recorders() {}

  /** Skips the test if there is no recorder, or, under Wine, none that can be started. */
  public static void assumeUsable() {
    assumeTrue(
        ModuleLayer.boot().findModule("jdk.jfr").isPresent() && FlightRecorder.isAvailable(),
        "this JVM has no flight recorder");
    try {
      FlightRecorder.getFlightRecorder();
    } catch (IllegalStateException e) {
      if (!ON_WINDOWS) {
        throw e;
      }
      abort("the flight recorder does not start here: " + e.getMessage());
    }
  }
}
