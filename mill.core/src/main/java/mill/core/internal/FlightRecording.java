package mill.core.internal;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Finds the flight recorder, which not every image has, and which most programs never start. Event
 * classes are loaded when it has been started, not before: they would cost much of a program's
 * start-up.
 */
public final class FlightRecording {
  private static final boolean RECORDER_THERE = isRecorderThere();

  /** Loaded only where module {@code jdk.jfr} is. */
  private static final class Recorder {
    static boolean isStarted() {
      return FlightRecorder.isInitialized();
    }
  }

  /** Loaded only when the recorder has been started. */
  private static final class Events {
    static final FlightEvents INSTANCE = new JfrEvents();
  }

  private FlightRecording() {}

  /**
   * {@return where events go; null if there is no recorder, or nobody has started it yet} Any
   * thread.
   */
  public static @Nullable FlightEvents events() {
    return RECORDER_THERE && Recorder.isStarted() ? Events.INSTANCE : null;
  }

  /**
   * Reports a task that an executor refuses; does nothing without a recorder. Any thread.
   *
   * @param executor who refuses it: the name of a loop or of a pool
   * @param reason why
   * @param task what is refused
   */
  public static void taskRejected(String executor, String reason, Object task) {
    FlightEvents events = events();
    if (events != null) {
      events.taskRejected(executor, reason, task);
    }
  }

  // requires static: the module may be missing at run time. mill on the class path reads
  // everything.
  private static boolean isRecorderThere() {
    return ModuleLayer.boot()
        .findModule("jdk.jfr")
        .filter(FlightRecording.class.getModule()::canRead)
        .isPresent();
  }
}
