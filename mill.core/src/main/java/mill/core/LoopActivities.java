package mill.core;

import mill.core.internal.SafeText;
import mill.core.internal.timer.LoopTimeout;

/** Names what a loop does, for reports of what takes too long. */
final class LoopActivities {
  private LoopActivities() {}

  /**
   * {@return a text that names an activity} Any thread. Takes no lock, or the watchdog would wait
   * for the very handler that it is to name.
   *
   * @param activity a registration, a timer, a task, or the name of a step
   */
  static String describe(Object activity) {
    return switch (activity) {
      case Registered registration ->
          "handler "
              + registration.handlerClass().getName()
              + " of "
              + SafeText.of(registration.pollable());
      case LoopTimeout timer -> "timer " + timer.taskClass().getName();
      case String step -> step;
      default -> "task " + activity.getClass().getName();
    };
  }
}
