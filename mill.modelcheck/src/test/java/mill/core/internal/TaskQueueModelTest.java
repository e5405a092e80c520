package mill.core.internal;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import mill.core.internal.TaskQueue.Offer;
import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

class TaskQueueModelTest {
  private static final String SOURCE = "mill.core/src/main/java/mill/core/internal/TaskQueue.java";

  /** A task that counts its runs and knows how many of its producer ran before. */
  static final class Task implements Runnable {
    final int producer;
    final int number;
    int runs;

    Task(int producer, int number) {
      this.producer = producer;
      this.number = number;
    }

    @Override
    public void run() {
      runs++;
      check(number > Traffic.newest[producer], "a task has overtaken another of its thread");
      Traffic.newest[producer] = number;
    }
  }

  /** Two producers and the consumer, with a queue that has no room for all. */
  static final class Traffic implements Runnable {
    static TaskQueue queue;
    static Task[] tasks;
    static Offer[] offers;
    static int[] newest;

    @Override
    public void run() {
      queue = new TaskQueue(2);
      offers = new Offer[4];
      newest = new int[] {-1, -1};
      tasks = new Task[] {new Task(0, 0), new Task(0, 1), new Task(1, 2), new Task(1, 3)};
      together(() -> offer(0, 1), () -> offer(2, 3), Traffic::poll);
      poll();
      check(queue.isEmpty() && queue.size() == 0, "something is left");
      for (int i = 0; i < tasks.length; i++) {
        check(tasks[i].runs == (offers[i] == Offer.ACCEPTED ? 1 : 0), "lost, or run twice");
      }
    }

    private static void offer(int first, int second) {
      offers[first] = queue.offer(tasks[first]);
      offers[second] = queue.offer(tasks[second]);
    }

    private static void poll() {
      for (int i = 0; i < 3; i++) {
        int size = queue.size();
        check(size >= 0 && size <= 2, "a size that cannot be");
        Runnable task = queue.poll();
        if (task != null) {
          task.run();
        }
      }
    }
  }

  /** A producer, and the consumer, which closes the queue and takes what is left. */
  static final class Closing implements Runnable {
    static TaskQueue queue;
    static Task[] tasks;
    static Offer[] offers;

    @Override
    public void run() {
      queue = new TaskQueue(2);
      offers = new Offer[2];
      Traffic.newest = new int[] {-1, -1};
      tasks = new Task[] {new Task(0, 0), new Task(1, 1)};
      together(() -> offer(0), () -> offer(1), Closing::close);
      for (int i = 0; i < tasks.length; i++) {
        check(
            tasks[i].runs == (offers[i] == Offer.ACCEPTED ? 1 : 0), "lost, or run though refused");
        check(offers[i] != Offer.FULL, "full");
      }
    }

    private static void offer(int task) {
      offers[task] = queue.offer(tasks[task]);
    }

    private static void close() {
      queue.close();
      check(queue.isClosed(), "open again");
      Runnable task;
      while ((task = queue.pollClosed()) != null) {
        task.run();
      }
    }
  }

  @Test
  void whatIsAcceptedRunsOnceAndInOrder() {
    holds(Traffic.class);
  }

  @Test
  void whatIsAcceptedBeforeTheCloseRunsAndNothingElse() {
    holds(Closing.class);
  }

  @Test
  void headThatMovesBeforeItsSlotIsClearedIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "SLOT.setRelease(slots, index, null); WORD.setRelease(words, HEAD, at + 1);",
            "WORD.setRelease(words, HEAD, at + 1); SLOT.setRelease(slots, index, null);"),
        Traffic.class);
  }

  @Test
  void capacityThatIsOneTooManyIsFound() {
    finds(new PlantedBug(SOURCE, "return place < limit;", "return place <= limit;"), Traffic.class);
  }

  @Test
  void limitThatDoesNotComeFromTheHeadIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "long limit = (long) WORD.getVolatile(words, HEAD) + slots.length;",
            "long limit = place + slots.length;"),
        Traffic.class);
  }

  @Test
  void placeThatIsClaimedWithoutACompareIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "(long) WORD.compareAndExchange(words, TAIL, claimed, claimed + 1);",
            "claimed; words[TAIL] = claimed + 1;"),
        Traffic.class);
  }

  @Test
  void closeThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "WORD.getAndBitwiseOr(words, TAIL, CLOSED_BIT);",
            "words[TAIL] = words[TAIL] | CLOSED_BIT;"),
        Closing.class);
  }
}
