package mill.core.internal;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * Events of the JDK's flight recorder. Loaded by {@link FlightRecording} alone, where there is one.
 */
final class JfrEvents implements FlightEvents {
  private static final SlowTurn TURN = new SlowTurn();
  private static final SlowHandler HANDLER = new SlowHandler();
  private static final RejectedTask REJECTED = new RejectedTask();

  @Name("mill.SlowTurn")
  @Label("Slow Turn")
  @Category("mill")
  @Description("A turn of an event loop, from the end of its poll to the next one")
  @StackTrace(false)
  @Threshold("20 ms")
  static final class SlowTurn extends Event {
    @Label("Loop")
    String loop = "";

    @Label("Events")
    int events;

    @Label("Timers")
    int timers;

    @Label("Results")
    @Description("Results of offloaded work")
    int results;

    @Label("Tasks")
    int tasks;
  }

  @Name("mill.SlowHandler")
  @Label("Slow Handler")
  @Category("mill")
  @Description("A handler that an event loop or one of its workers has called")
  @StackTrace(false)
  @Threshold("20 ms")
  static final class SlowHandler extends Event {
    @Label("Loop")
    String loop = "";

    @Label("Pollable")
    String pollable = "";

    @Label("Handler")
    @Description("The class of the handler")
    String handler = "";
  }

  @Name("mill.RejectedTask")
  @Label("Rejected Task")
  @Category("mill")
  @Description("A task that a loop or a pool has refused")
  @StackTrace(false)
  static final class RejectedTask extends Event {
    @Label("Executor")
    String executor = "";

    @Label("Reason")
    String reason = "";

    @Label("Task")
    @Description("The class of the task")
    String task = "";
  }

  @Override
  public boolean timesTurns() {
    return TURN.isEnabled();
  }

  @Override
  public Object newTurn() {
    return new SlowTurn();
  }

  @Override
  public void begin(Object span) {
    ((Event) span).begin();
  }

  @Override
  public void endTurn(Object span, String loop, int events, int timers, int results, int tasks) {
    var turn = (SlowTurn) span;
    turn.end();
    if (turn.shouldCommit()) {
      turn.loop = loop;
      turn.events = events;
      turn.timers = timers;
      turn.results = results;
      turn.tasks = tasks;
      turn.commit();
    }
  }

  @Override
  public boolean timesHandlers() {
    return HANDLER.isEnabled();
  }

  @Override
  public Object newHandler() {
    return new SlowHandler();
  }

  @Override
  public void endHandler(Object span, String loop, Object pollable, Object handler) {
    var slow = (SlowHandler) span;
    slow.end();
    if (slow.shouldCommit()) {
      slow.loop = loop;
      slow.pollable = SafeText.of(pollable);
      slow.handler = handler.getClass().getName();
      slow.commit();
    }
  }

  @Override
  public void taskRejected(String executor, String reason, Object task) {
    if (REJECTED.isEnabled()) {
      var rejected = new RejectedTask();
      rejected.executor = executor;
      rejected.reason = reason;
      rejected.task = task.getClass().getName();
      rejected.commit();
    }
  }
}
