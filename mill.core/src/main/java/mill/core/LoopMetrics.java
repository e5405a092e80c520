package mill.core;

/**
 * What an {@link EventLoop} has done so far, and what waits in it. A snapshot; {@link #since} makes
 * rates of two.
 *
 * <p>Which numbers agree with each other:
 *
 * <ul>
 *   <li>Counts and times are brought up to date at the end of each turn. What the first {@code
 *       turns} turns did is in all of them; what later turns did may be in some. Nothing of a turn
 *       that is still under way is in them, the sleep that is under way neither.
 *   <li>{@code timersFired}, {@code handlerThrows}, {@code taskThrows} and {@code tasksRejected}
 *       are counted at once and may be ahead.
 *   <li>The last four are what was there at the moment of asking, one looked at after the other.
 *   <li>When the loop has ended, everything is exact.
 * </ul>
 *
 * <p>Times are the loop thread's, in nanoseconds of {@link System#nanoTime()}, and add up to the
 * time from the begin of {@link EventLoop#run} to the end of the last turn. With {@link
 * DispatchMode#WORKERS} handlers run elsewhere meanwhile: {@code handlersNs} is then what handing
 * events to the workers takes.
 *
 * @param loop the loop's name
 * @param backend the backend, system and architecture
 * @param counting whether the loop counts: {@link LoopConfig#metrics()}. If not, all counts and
 *     times are 0 but {@code timersFired}, and the last four are true all the same
 * @param turns how often the loop has polled and looked through its queues
 * @param events events that found their registration
 * @param staleEvents events that were dropped, because their registration had gone meanwhile
 * @param timersFired how many times a timer's task was run
 * @param results results of offloaded work that were delivered
 * @param tasks tasks that were executed
 * @param wakeUps polls that somebody on another thread ended
 * @param spuriousTurns turns that found nothing to do: no event with a registration, no
 *     cancellation to complete, no timer to run or to note for another thread, no result, no task,
 *     and the loop neither stopped nor shutting down. A loop that polls without sleeping makes them
 *     all the time
 * @param pollNs time in the poller, mostly asleep
 * @param handlersNs time in handlers
 * @param tasksNs time in timers, results and tasks, and the rest of a turn; 0 in turns that had
 *     none
 * @param handlerThrows how many times {@code onReady} or {@code onShutdown} threw
 * @param taskThrows how many times a task or a timer's task threw
 * @param tasksRejected how many tasks {@link EventLoop#execute} refused
 * @param queuedTasks tasks that wait
 * @param outstandingOffloads offloaded work that is out, or done and not delivered
 * @param liveTimers timers that are scheduled
 * @param registrations pollables that are registered
 */
public record LoopMetrics(
    String loop,
    String backend,
    boolean counting,
    long turns,
    long events,
    long staleEvents,
    long timersFired,
    long results,
    long tasks,
    long wakeUps,
    long spuriousTurns,
    long pollNs,
    long handlersNs,
    long tasksNs,
    long handlerThrows,
    long taskThrows,
    long tasksRejected,
    int queuedTasks,
    int outstandingOffloads,
    long liveTimers,
    int registrations) {

  /**
   * Subtracts an earlier snapshot of the same loop: what was done between the two.
   *
   * @param earlier the earlier snapshot
   * @return the differences of counts and times; the last four stay as they are here
   * @throws IllegalArgumentException if the other is of a loop of another name
   */
  public LoopMetrics since(LoopMetrics earlier) {
    if (!loop.equals(earlier.loop)) {
      throw new IllegalArgumentException(
          "the metrics of " + earlier.loop + " tell nothing of " + loop);
    }
    return new LoopMetrics(
        loop,
        backend,
        counting,
        turns - earlier.turns,
        events - earlier.events,
        staleEvents - earlier.staleEvents,
        timersFired - earlier.timersFired,
        results - earlier.results,
        tasks - earlier.tasks,
        wakeUps - earlier.wakeUps,
        spuriousTurns - earlier.spuriousTurns,
        pollNs - earlier.pollNs,
        handlersNs - earlier.handlersNs,
        tasksNs - earlier.tasksNs,
        handlerThrows - earlier.handlerThrows,
        taskThrows - earlier.taskThrows,
        tasksRejected - earlier.tasksRejected,
        queuedTasks,
        outstandingOffloads,
        liveTimers,
        registrations);
  }

  /**
   * Tells how busy the loop's thread was: the share of its time that it did not spend in the
   * poller.
   *
   * @return 0 to 1; 0 if no time was counted
   */
  public double utilization() {
    long busyNs = handlersNs + tasksNs;
    long totalNs = busyNs + pollNs;
    return totalNs == 0 ? 0 : (double) busyNs / totalNs;
  }
}
