package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The order in which tasks of a few priorities are served. */
class PriorityTaskQueueTest {
  private static final int PRIORITIES = 4;
  private static final int LIMIT = 4;

  private record Task(int priority, int number) implements Runnable {
    @Override
    public void run() {}

    @Override
    public String toString() {
      return "LNHC".charAt(priority) + "" + number;
    }
  }

  private static PriorityTaskQueue queue(int capacity) {
    return new PriorityTaskQueue(PRIORITIES, capacity, LIMIT);
  }

  private static void offer(PriorityTaskQueue queue, int priority, int count) {
    for (int i = 0; i < count; i++) {
      assertThat(queue.offer(priority, new Task(priority, i))).isTrue();
    }
  }

  /** The priorities of the next tasks, a letter for each. */
  private static String take(PriorityTaskQueue queue, int count) {
    var taken = new StringBuilder();
    for (int i = 0; i < count; i++) {
      Runnable task = queue.poll();
      taken.append(task == null ? '-' : task.toString().charAt(0));
    }
    return taken.toString();
  }

  @Test
  void higherPriorityIsServedFirstAndTheOldestWithinOne() {
    var queue = queue(8);
    offer(queue, 0, 1);
    offer(queue, 2, 2);
    offer(queue, 1, 1);
    offer(queue, 3, 1);
    var order = new ArrayList<String>();
    Runnable task;
    while ((task = queue.poll()) != null) {
      order.add(task.toString());
    }
    assertThat(order).containsExactly("C0", "H0", "H1", "N0", "L0");
  }

  @Test
  void lowIsServedAfterExactlyTheLimitAlthoughHigherWorkKeepsComing() {
    var queue = queue(64);
    offer(queue, 0, 3);
    offer(queue, 3, 30);
    assertThat(take(queue, 18)).isEqualTo("CCCCLCCCCLCCCCLCCC");
  }

  @Test
  void agedTasksAreServedLowestFirst() {
    var queue = queue(64);
    offer(queue, 2, 1);
    offer(queue, 1, 1);
    offer(queue, 0, 1);
    offer(queue, 3, 30);
    assertThat(take(queue, 10)).isEqualTo("CCCCLNHCCC");
  }

  @Test
  void countBeginsAgainForTheNextTaskOfAPriority() {
    var queue = queue(64);
    offer(queue, 1, 2);
    offer(queue, 2, 3);
    assertThat(take(queue, 4)).isEqualTo("HHHN");
    offer(queue, 2, 10);
    assertThat(take(queue, 6)).isEqualTo("HHHHNH");
  }

  @Test
  void takingALowerTaskIsNotCountedAgainstAHigherOne() {
    var queue = queue(64);
    offer(queue, 0, 8);
    offer(queue, 1, 8);
    offer(queue, 3, 40);
    // LOW ages because of NORMAL's turns too; NORMAL does not because of LOW's.
    assertThat(take(queue, 16)).isEqualTo("CCCCLNCCCLCNCCLC");
  }

  @Test
  void onlyOneKindOfTaskAgesNothing() {
    var queue = queue(64);
    offer(queue, 3, 20);
    assertThat(take(queue, 20)).isEqualTo("C".repeat(20));
    offer(queue, 0, 1);
    offer(queue, 3, 5);
    assertThat(take(queue, 7)).isEqualTo("CCCCLC-");
  }

  // The bounds that ComputePool tells: n, n + 2, n + 4 and 3.
  @ParameterizedTest
  @CsvSource({"4", "5", "6", "64"})
  void noTaskIsPassedOverMoreOftenThanItsBoundAndTheBoundsAreReached(int limit) {
    int[] bounds = {limit, limit + 2, limit + 4, 3};
    int[] worst = new int[PRIORITIES];
    var random = new Random(limit);
    for (int round = 0; round < 20; round++) {
      var queue = new PriorityTaskQueue(PRIORITIES, 1_000, limit);
      int[] waiting = new int[PRIORITIES];
      int[] others = new int[PRIORITIES];
      for (int step = 0; step < 20_000; step++) {
        for (int priority = 0; priority < PRIORITIES; priority++) {
          // Priorities come and go: seldom, often, always.
          boolean comes = random.nextInt(1 << (round + priority) % PRIORITIES) == 0;
          if (comes && waiting[priority] < 2) {
            queue.offer(priority, new Task(priority, step));
            waiting[priority]++;
          }
        }
        Task taken = (Task) queue.poll();
        if (taken == null) {
          continue;
        }
        int served = taken.priority();
        waiting[served]--;
        worst[served] = Math.max(worst[served], others[served]);
        others[served] = 0;
        for (int other = 0; other < PRIORITIES; other++) {
          if (other != served && waiting[other] > 0) {
            others[other]++;
          }
        }
      }
    }
    for (int priority = 0; priority < PRIORITIES; priority++) {
      assertThat(worst[priority]).as("priority %d", priority).isLessThanOrEqualTo(bounds[priority]);
    }
    assertThat(worst[0]).as("LOW, at worst").isEqualTo(bounds[0]);
    assertThat(worst[3]).as("CRITICAL, at worst").isEqualTo(bounds[3]);
  }

  // The worst case of the middle priorities: everything below has aged when they begin to wait.
  @Test
  void boundsOfTheMiddlePrioritiesAreReached() {
    var normal = queue(64);
    offer(normal, 0, 9);
    offer(normal, 3, 4);
    assertThat(take(normal, 4)).isEqualTo("CCCC");
    offer(normal, 1, 1);
    offer(normal, 3, 30);
    assertThat(take(normal, 7)).isEqualTo("LCCCCLN");
    var high = queue(64);
    offer(high, 0, 9);
    offer(high, 1, 9);
    offer(high, 3, 4);
    assertThat(take(high, 4)).isEqualTo("CCCC");
    offer(high, 2, 1);
    offer(high, 3, 30);
    assertThat(take(high, 9)).isEqualTo("LNCCCLCNH");
  }

  @Test
  void fullPriorityRefusesAndTheOthersStillAccept() {
    var queue = queue(3);
    offer(queue, 0, 3);
    assertThat(queue.offer(0, new Task(0, 3))).isFalse();
    offer(queue, 3, 3);
    assertThat(queue.offer(3, new Task(3, 3))).isFalse();
    assertThat(queue.size(0)).isEqualTo(3);
    assertThat(queue.size(1)).isZero();
    assertThat(take(queue, 7)).isEqualTo("CCCLLL-");
    offer(queue, 0, 3);
  }

  @Test
  void emptyingTakesTheHighestWhateverHasAged() {
    var queue = queue(8);
    offer(queue, 0, 2);
    offer(queue, 3, 6);
    take(queue, 4);
    var order = new ArrayList<String>();
    Runnable task;
    while ((task = queue.pollHighest()) != null) {
      order.add(task.toString());
    }
    assertThat(order).containsExactly("C4", "C5", "L0", "L1");
    assertThat(queue.poll()).isNull();
  }

  /** What is told in words, written down the slow way. */
  private static final class Model {
    final List<ArrayDeque<Task>> waiting = new ArrayList<>();
    final int[] passedOver = new int[PRIORITIES];

    Model() {
      for (int i = 0; i < PRIORITIES; i++) {
        waiting.add(new ArrayDeque<>());
      }
    }

    Task poll() {
      int chosen = -1;
      for (int p = PRIORITIES - 1; p >= 0; p--) {
        boolean aged = passedOver[p] >= LIMIT;
        if (!waiting.get(p).isEmpty() && (chosen < 0 || aged)) {
          chosen = p;
        }
      }
      for (int p = 0; p < chosen; p++) {
        passedOver[p] += waiting.get(p).isEmpty() ? 0 : 1;
      }
      if (chosen >= 0) {
        passedOver[chosen] = 0;
      }
      return chosen < 0 ? null : waiting.get(chosen).poll();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void queueDoesWhatTheModelDoes(long seed) {
    int capacity = 100;
    var random = new Random(seed);
    var queue = queue(capacity);
    var model = new Model();
    for (int step = 0; step < 50_000; step++) {
      // Phases of filling and of emptying, so that rings grow, wrap round and run dry.
      if (random.nextInt(10) < (step / 1_000 % 2 == 0 ? 7 : 3)) {
        int priority = random.nextInt(PRIORITIES);
        var task = new Task(priority, step);
        boolean fits = model.waiting.get(priority).size() < capacity;
        assertThat(queue.offer(priority, task)).isEqualTo(fits);
        if (fits) {
          model.waiting.get(priority).add(task);
        }
      } else {
        assertThat(queue.poll()).isSameAs(model.poll());
      }
    }
  }

  @Test
  void sizeIsThatOfAllPrioritiesTogether() {
    var queue = queue(8);
    assertThat(queue.size()).isZero();
    offer(queue, 0, 2);
    offer(queue, 3, 3);
    assertThat(queue.size()).isEqualTo(5);
    queue.poll();
    assertThat(queue.size()).isEqualTo(4);
  }
}
