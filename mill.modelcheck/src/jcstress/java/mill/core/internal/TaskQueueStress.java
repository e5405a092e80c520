package mill.core.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import mill.core.internal.TaskQueue.Offer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** What {@link TaskQueue} promises about memory: a task arrives whole, and is never lost. */
public final class TaskQueueStress {
  private TaskQueueStress() {}

  /** A task whose content is not final. */
  private static final class Task implements Runnable {
    int content;

    Task(int content) {
      this.content = content;
    }

    @Override
    public void run() {}
  }

  private static int contentOf(Runnable task) {
    return task == null ? -1 : ((Task) task).content;
  }

  /**
   * A producer and the consumer, for a machine of two processors; r3 is the sum of what is left.
   */
  @JCStressTest
  @Outcome(
      id = {"-1, -1, 3", "1, -1, 2", "-1, 1, 2", "1, 2, 0"},
      expect = ACCEPTABLE,
      desc = "each task once, whole and in order")
  @Outcome(expect = FORBIDDEN, desc = "a task is lost, came twice or without its content")
  @State
  public static class OfferAndPoll {
    private final TaskQueue queue = new TaskQueue(2);

    /** Offers two tasks. */
    @Actor
    public void offer() {
      queue.offer(new Task(1));
      queue.offer(new Task(2));
    }

    /** Polls twice. */
    @Actor
    public void poll(III_Result result) {
      result.r1 = contentOf(queue.poll());
      result.r2 = contentOf(queue.poll());
    }

    /** Takes what is left. */
    @Arbiter
    public void rest(III_Result result) {
      Runnable task;
      while ((task = queue.poll()) != null) {
        result.r3 += contentOf(task);
      }
    }
  }

  /** An offer and a close: r1 tells whether it was accepted, r2 what came. */
  @JCStressTest
  @Outcome(id = "1, 7", expect = ACCEPTABLE, desc = "accepted, and delivered")
  @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "refused")
  @Outcome(expect = FORBIDDEN, desc = "lost, or delivered though refused")
  @State
  public static class OfferAndClose {
    private final TaskQueue queue = new TaskQueue(2);

    /** Offers a task. */
    @Actor
    public void offer(II_Result result) {
      result.r1 = queue.offer(new Task(7)) == Offer.ACCEPTED ? 1 : 0;
    }

    /** Closes, and takes what is left. */
    @Actor
    public void close(II_Result result) {
      queue.close();
      result.r2 = contentOf(queue.pollClosed());
    }
  }
}
