package mill.core;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;

/**
 * A turn that has been under way for too long, and what the loop's thread is doing.
 *
 * @param loop the loop's name
 * @param activity what the loop began last: {@code handler <class> of <pollable>}, {@code task
 *     <class>}, {@code timer <class>}, or the name of a step of the turn
 * @param duration how long the turn has been under way, the sleep before it not counted
 * @param stack the stack of the loop's thread a moment later, the innermost call first
 */
public record StallReport(
    String loop, String activity, Duration duration, List<StackTraceElement> stack) {

  /**
   * Makes a report.
   *
   * @throws NullPointerException if {@code stack} is null
   */
  public StallReport {
    stack = List.copyOf(stack);
  }

  /** Logs the report as a warning: what is done unless the user sets a listener. */
  void log() {
    System.getLogger("mill.core").log(Level.WARNING, toString());
  }

  /** Returns the report as a log line, followed by the stack. */
  @Override
  public String toString() {
    var text = new StringBuilder("STALL: the loop ").append(loop);
    text.append(" has not turned for ").append(duration.toMillis()).append(" ms: ");
    text.append(activity);
    for (StackTraceElement frame : stack) {
      text.append(System.lineSeparator()).append("\tat ").append(frame);
    }
    return text.toString();
  }
}
