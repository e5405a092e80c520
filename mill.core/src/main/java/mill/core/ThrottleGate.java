package mill.core;

import java.io.IOException;

/** What a {@link Throttle} does to the direction that it limits. */
interface ThrottleGate {
  /** Stops events of the direction. Any thread. */
  void suspend() throws IOException;

  /** Lets events of the direction through again. The loop's thread. */
  void resume();

  /** Calls the throttle back on the loop's thread, never before so much time has passed. */
  void startTimer(long delayNs);

  /** Calls it back no more, if it has not begun yet. Any thread. */
  void cancelTimer();
}
