package mill.core;

import java.time.Duration;
import java.util.List;

/**
 * What became of everything when an {@link EventLoop} was shut down.
 *
 * @param inTime whether everything ended by itself before the time was over, by the clock: nothing
 *     was forced, no offloaded work was given up, and {@code took} is not more than the time that
 *     was given. With a time of 0 that is practically never so, even if there was nothing to do:
 *     the clock has moved on by then
 * @param listenersClosed how many listeners were closed, first of all
 * @param ended how many other registrations left by themselves: closed by their handlers, by a
 *     failure, or cancelled
 * @param forced how many were still there when the time was over, and were closed
 * @param queuedBytes how many bytes waited to be delivered, as the handlers tell ({@link
 *     EventHandler#undeliveredBytes}): when the shutdown began, or when the registration ended if
 *     that was more
 * @param undeliveredBytes how many of them were still there when their registrations ended
 * @param undelivered the registrations that ended with undelivered bytes, at most {@value
 *     #MAX_LISTED} of them
 * @param timersCancelled how many timers were still scheduled at the end; they did not run
 * @param offloadsAbandoned how much offloaded work was not done in time; its futures failed
 * @param stillRunning the callbacks that did not return, though the time was over for a second:
 *     which thread, what it runs as far as that is known, and where it is. Empty if the loop has
 *     ended. Otherwise it has not ended yet: what counts as forced is closed, and everything given
 *     back, as soon as these return
 * @param took how long all that took
 */
public record ShutdownReport(
    boolean inTime,
    int listenersClosed,
    int ended,
    int forced,
    long queuedBytes,
    long undeliveredBytes,
    List<Undelivered> undelivered,
    long timersCancelled,
    int offloadsAbandoned,
    List<String> stillRunning,
    Duration took) {

  /** How many registrations {@link #undelivered} lists at most; {@link #forced} counts all. */
  public static final int MAX_LISTED = 1_000;

  /**
   * A registration that ended with bytes it had not delivered.
   *
   * @param what the registration, as it describes itself
   * @param bytes how many bytes, as its handler tells
   */
  public record Undelivered(String what, long bytes) {}

  /**
   * Makes a report.
   *
   * @throws NullPointerException if one of the lists is null
   */
  public ShutdownReport {
    undelivered = List.copyOf(undelivered);
    stillRunning = List.copyOf(stillRunning);
  }

  /**
   * {@return how many of the queued bytes have been delivered: {@link #queuedBytes} without {@link
   * #undeliveredBytes}}
   */
  public long deliveredBytes() {
    return queuedBytes - undeliveredBytes;
  }
}
