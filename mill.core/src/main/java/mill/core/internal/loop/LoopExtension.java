package mill.core.internal.loop;

/**
 * What another package adds to the turns of a loop. A loop has at most one; one without it pays for
 * a null check.
 *
 * <pre>
 *   hasWork ─▶ poll ─▶ events ─▶ afterEvents ─▶ onClosed, timers, tasks ─▶ endOfTurn ─▶ onClosed
 *      ▲                                                                                  │
 *      └──────────────────────────────────────────────────────────────────────────────────┘
 *   turnsEnd ─▶ loopEnds ─▶ registrations are closed ─▶ released
 * </pre>
 *
 * <p>On the loop's thread, or on the one that closes a loop that does not run. Nothing may be
 * thrown.
 */
public interface LoopExtension {
  /** {@return whether the loop must not sleep: there is something for {@link #endOfTurn}} */
  boolean hasWork();

  /** {@return whether nothing is under way that a graceful shutdown has to wait for} */
  boolean isDone();

  /** The handlers of the events of this turn have been called. */
  void afterEvents();

  /**
   * Timers and tasks of this turn have run.
   *
   * @return whether there was anything to do
   */
  boolean endOfTurn();

  /**
   * A graceful shutdown is about to close the loop's listeners, unless they move to another loop
   * now. May be called again.
   */
  void listenersEnd();

  /** A graceful shutdown has begun, or somebody may have come who has not heard of it. */
  void shutDown();

  /**
   * The loop has had its last turn, or will have none, and takes nothing over any more; perhaps it
   * is closed later. May be called again.
   */
  void turnsEnd();

  /** There are no turns any more. The registrations are closed next. */
  void loopEnds();

  /** All registrations are closed, and have been told. */
  void released();
}
