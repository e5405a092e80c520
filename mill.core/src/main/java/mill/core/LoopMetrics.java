package mill.core;

/**
 * What an {@link EventLoop} has done so far, and what waits in it. A snapshot; {@link #since} makes
 * rates of two. Any thread.
 *
 * <p>Which numbers agree with each other:
 *
 * <ul>
 *   <li>Counts and times are brought up to date at the end of each turn. What the first {@code
 *       turns().total()} turns did is in all of them; what later turns did may be in some. Nothing
 *       of a turn that is still under way is in them, the sleep that is under way neither.
 *   <li>With {@link DispatchMode#WORKERS} events are counted by the worker that polls, as it has
 *       polled, and belong to no turn.
 *   <li>{@link Timers#fired}, {@link Events#handlerThrows}, {@link Tasks#thrown} and {@link
 *       Tasks#rejected} are counted at once and may be ahead.
 *   <li>{@link Tasks#queued}, {@link Timers#live}, {@link Offloads#outstanding} and {@link
 *       #registrations} are no counts but what was there at the moment of asking, one looked at
 *       after the other.
 *   <li>When the loop has ended, everything is exact.
 * </ul>
 *
 * <p>With {@link LoopConfig#metrics()} off all counts and times are 0 but {@link Timers#fired};
 * what is there at the moment is told all the same.
 *
 * @param loop the loop's name
 * @param backend the backend, system and architecture
 * @param counting whether the loop counts: {@link LoopConfig#metrics()}
 * @param turns how often the loop has turned
 * @param events what the kernel has reported
 * @param tasks tasks that were given to the loop
 * @param timers timers of the loop
 * @param offloads work that is done elsewhere
 * @param times where the time of the loop's thread went
 * @param registrations pollables that are registered
 */
public record LoopMetrics(
    String loop,
    String backend,
    boolean counting,
    Turns turns,
    Events events,
    Tasks tasks,
    Timers timers,
    Offloads offloads,
    Times times,
    int registrations) {

  /**
   * How often the loop has turned.
   *
   * @param total how often it has polled and looked through its queues. With {@link
   *     DispatchMode#WORKERS} the workers poll, and these are the turns of the loop's own thread
   * @param spurious how often it found nothing to do: no event with a registration, no cancellation
   *     to complete, no timer to run or to note for another thread, no result, no task, and the
   *     loop neither stopped nor shutting down. A loop that polls without sleeping makes them all
   *     the time
   * @param wakeUps how many polls somebody on another thread ended
   */
  public record Turns(long total, long spurious, long wakeUps) {
    Turns since(Turns earlier) {
      return new Turns(
          total - earlier.total, spurious - earlier.spurious, wakeUps - earlier.wakeUps);
    }
  }

  /**
   * What the kernel has reported.
   *
   * @param dispatched events that found their registration
   * @param stale events that were dropped, because their registration had gone meanwhile
   * @param handlerThrows how many times {@code onReady} or {@code onShutdown} threw
   */
  public record Events(long dispatched, long stale, long handlerThrows) {
    Events since(Events earlier) {
      return new Events(
          dispatched - earlier.dispatched,
          stale - earlier.stale,
          handlerThrows - earlier.handlerThrows);
    }
  }

  /**
   * Tasks that were given to the loop.
   *
   * @param executed how many were executed
   * @param rejected how many {@link EventLoop#execute} refused
   * @param thrown how many times a task threw, also one of a timer or of a registration
   * @param queued how many wait now
   */
  public record Tasks(long executed, long rejected, long thrown, int queued) {
    Tasks since(Tasks earlier) {
      return new Tasks(
          executed - earlier.executed,
          rejected - earlier.rejected,
          thrown - earlier.thrown,
          queued);
    }
  }

  /**
   * Timers of the loop.
   *
   * @param fired how many times a timer's task was run
   * @param live how many are scheduled now
   */
  public record Timers(long fired, long live) {
    Timers since(Timers earlier) {
      return new Timers(fired - earlier.fired, live);
    }
  }

  /**
   * Work that is done elsewhere: {@link EventLoop#offload}.
   *
   * @param delivered how many results were delivered
   * @param outstanding how much is out now, or done and not delivered
   */
  public record Offloads(long delivered, int outstanding) {
    Offloads since(Offloads earlier) {
      return new Offloads(delivered - earlier.delivered, outstanding);
    }
  }

  /**
   * Where the time of the loop's thread went, in nanoseconds of {@link System#nanoTime()}. The
   * three add up to the time from the beginning of {@link EventLoop#run} to the end of the last
   * turn.
   *
   * @param pollNs time in the poller, mostly asleep or, by its {@link IdleStrategy}, looking again.
   *     With {@link DispatchMode#WORKERS} asleep only
   * @param handlersNs time in handlers. With {@link DispatchMode#WORKERS} they run elsewhere, and
   *     this is 0
   * @param tasksNs time in timers, results and tasks, and the rest of a turn; 0 in turns that had
   *     none
   */
  public record Times(long pollNs, long handlersNs, long tasksNs) {
    Times since(Times earlier) {
      return new Times(
          pollNs - earlier.pollNs, handlersNs - earlier.handlersNs, tasksNs - earlier.tasksNs);
    }
  }

  /**
   * Subtracts an earlier snapshot of the same loop: what was done between the two.
   *
   * @param earlier the earlier snapshot
   * @return the differences of counts and times; what waits and is registered stays as it is here
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
        turns.since(earlier.turns),
        events.since(earlier.events),
        tasks.since(earlier.tasks),
        timers.since(earlier.timers),
        offloads.since(earlier.offloads),
        times.since(earlier.times),
        registrations);
  }

  /**
   * {@return how busy the loop's thread was: the share of its time that it did not spend in the
   * poller, 0 to 1; 0 if no time was counted}
   */
  public double utilization() {
    long busyNs = times.handlersNs + times.tasksNs;
    long totalNs = busyNs + times.pollNs;
    return totalNs == 0 ? 0 : (double) busyNs / totalNs;
  }
}
