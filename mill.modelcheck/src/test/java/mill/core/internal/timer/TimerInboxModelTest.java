package mill.core.internal.timer;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import mill.core.internal.timer.TimerInbox.Added;
import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

class TimerInboxModelTest {
  private static final String SOURCE =
      "mill.core/src/main/java/mill/core/internal/timer/TimerInbox.java";

  /** A timer, with the deadline that the loop has seen last. */
  static final class Timer extends TimerNode {
    long seen = NONE;
    boolean closed;
  }

  /** Two threads change two timers while the loop looks at what has changed. */
  static final class Changes implements Runnable {
    static TimerInbox inbox;
    static Timer[] timers;

    @Override
    public void run() {
      inbox = new TimerInbox();
      timers = new Timer[] {new Timer(), new Timer()};
      together(
          () -> {
            change(timers[0], 1);
            change(timers[1], 2);
          },
          () -> {
            change(timers[0], 3);
            change(timers[0], 4);
          },
          () -> {
            look(inbox, inbox.takeAll());
            look(inbox, inbox.takeAll());
          });
      look(inbox, inbox.takeAll());
      check(inbox.isEmpty(), "something is left");
      for (Timer timer : timers) {
        check(timer.seen == timer.deadline(), "a change that the loop does not hear of");
      }
    }

    private static void change(Timer timer, long deadline) {
      timer.exchange(deadline);
      check(inbox.add(timer) == Added.YES, "refused, or crowded");
    }
  }

  /** A timer is changed while the loop ends. */
  static final class Closing implements Runnable {
    static TimerInbox inbox;
    static Timer[] timers;

    @Override
    public void run() {
      inbox = new TimerInbox();
      timers = new Timer[] {new Timer(), new Timer()};
      together(() -> change(timers[0]), () -> change(timers[1]), () -> look(inbox, inbox.close()));
      for (Timer timer : timers) {
        check(timer.closed || timer.seen == 1, "neither refused nor seen");
      }
      check(inbox.add(new Timer()) == Added.CLOSED, "open again");
      check(inbox.isEmpty() && inbox.close() == null, "something is left");
    }

    private static void change(Timer timer) {
      timer.exchange(1);
      timer.closed = inbox.add(timer) == Added.CLOSED;
    }
  }

  /** What the loop does with what it has taken. */
  private static void look(TimerInbox inbox, TimerNode oldest) {
    TimerNode node = oldest;
    while (node != null) {
      TimerNode next = inbox.takeNext(node);
      ((Timer) node).seen = node.deadline();
      node = next;
    }
  }

  @Test
  void loopSeesTheLastChangeOfEachTimer() {
    holds(Changes.class);
  }

  @Test
  void timerOfAClosedInboxIsTakenOrRefused() {
    holds(Closing.class);
  }

  @Test
  void markThatIsLoweredBeforeTheLinkIsTakenIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            """
            TimerNode next = node.inboxNext;
            node.inboxNext = null;
            node.lowerQueued();
            """,
            """
            node.lowerQueued();
            TimerNode next = node.inboxNext;
            node.inboxNext = null;
            """),
        Changes.class);
  }

  @Test
  void pushThatDoesNotCompareIsFound() {
    finds(
        new PlantedBug(SOURCE, "if (NEWEST.compareAndSet(this, head, node)) {", "newest = node; {"),
        Changes.class);
  }

  @Test
  void closeThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(SOURCE, "(TimerNode) NEWEST.getAndSet(this, END);", "newest; newest = END;"),
        Closing.class);
  }
}
