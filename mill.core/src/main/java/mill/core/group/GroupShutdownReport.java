package mill.core.group;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import mill.core.ShutdownReport;

/**
 * What became of everything when an {@link EventLoopGroup} was shut down. Numbers are the sums over
 * the loops.
 *
 * @param inTime whether all loops ended by themselves before the time was over
 * @param listenersClosed how many listeners were closed, first of all
 * @param ended how many other registrations left by themselves
 * @param forced how many were still there when the time was over, and were closed
 * @param queuedBytes how many bytes waited to be delivered, as the handlers tell
 * @param undeliveredBytes how many of them were still there when their registrations ended
 * @param timersCancelled how many timers were still scheduled at the end; they did not run
 * @param offloadsAbandoned how much offloaded work was not done in time; its futures failed
 * @param took how long all that took
 * @param loops each loop's own report, in the order of {@link EventLoopGroup#loops()}
 * @param failure why a loop could not go on, if one failed before or during the shutdown
 */
public record GroupShutdownReport(
    boolean inTime,
    int listenersClosed,
    int ended,
    int forced,
    long queuedBytes,
    long undeliveredBytes,
    long timersCancelled,
    int offloadsAbandoned,
    Duration took,
    List<ShutdownReport> loops,
    Optional<Throwable> failure) {
  /**
   * Makes a report.
   *
   * @throws NullPointerException if {@code loops} is null
   */
  public GroupShutdownReport {
    loops = List.copyOf(loops);
  }

  /**
   * {@return the callbacks of all loops that did not return: {@link ShutdownReport#stillRunning}.
   * Empty if all loops have ended}
   */
  public List<String> stillRunning() {
    return loops.stream().flatMap(loop -> loop.stillRunning().stream()).toList();
  }

  static GroupShutdownReport of(
      List<ShutdownReport> loops, int listenersClosed, Duration took, Optional<Throwable> failure) {
    return new GroupShutdownReport(
        loops.stream().allMatch(ShutdownReport::inTime),
        listenersClosed + loops.stream().mapToInt(ShutdownReport::listenersClosed).sum(),
        loops.stream().mapToInt(ShutdownReport::ended).sum(),
        loops.stream().mapToInt(ShutdownReport::forced).sum(),
        loops.stream().mapToLong(ShutdownReport::queuedBytes).sum(),
        loops.stream().mapToLong(ShutdownReport::undeliveredBytes).sum(),
        loops.stream().mapToLong(ShutdownReport::timersCancelled).sum(),
        loops.stream().mapToInt(ShutdownReport::offloadsAbandoned).sum(),
        took,
        loops,
        failure);
  }

  /**
   * {@return how many of the queued bytes have been delivered: {@link #queuedBytes} without {@link
   * #undeliveredBytes}}
   */
  public long deliveredBytes() {
    return queuedBytes - undeliveredBytes;
  }
}
