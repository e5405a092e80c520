package mill.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;

class RegistrationTableTest {
  private final RegistrationTable<String> table = new RegistrationTable<>();

  private static int slot(long token) {
    return (int) token;
  }

  @Test
  void itemIsFoundByItsTokenUntilItIsRemoved() {
    long token = table.add("a");
    assertThat(table.find(token)).isEqualTo("a");
    assertThat(table.size()).isEqualTo(1);
    assertThat(table.remove(token)).isTrue();
    assertThat(table.find(token)).isNull();
    assertThat(table.remove(token)).isFalse();
    assertThat(table.size()).isZero();
  }

  @Test
  void slotIsUsedAgainWithTheNextGeneration() {
    long first = table.add("a");
    assertThat(table.remove(first)).isTrue();
    long second = table.add("b");
    assertThat(slot(second)).isEqualTo(slot(first));
    assertThat(second).isNotEqualTo(first);
    assertThat(table.find(first)).isNull();
    assertThat(table.find(second)).isEqualTo("b");
    assertThat(table.remove(first)).as("the past cannot remove the present").isFalse();
    assertThat(table.find(second)).isEqualTo("b");
  }

  @Test
  void tokensThatWereNeverGivenFindNothing() {
    long token = table.add("a");
    long[] strangers = {
      -1, token + 1, token + (1L << 32), Long.MIN_VALUE, Long.MAX_VALUE, Integer.MIN_VALUE, 1L << 31
    };
    for (long stranger : strangers) {
      assertThat(table.find(stranger)).isNull();
      assertThat(table.remove(stranger)).isFalse();
    }
  }

  /** Twice on the way the slot asked for is the first one that the table has not yet. */
  @Test
  void slotRightPastTheEndOfTheTableFindsNothing() {
    for (int next = 0; next < 40; next++) {
      assertThat(table.find(next)).as("slot " + next).isNull();
      assertThat(table.remove(next)).as("slot " + next).isFalse();
      assertThat(table.add("item " + next)).isEqualTo(next);
    }
  }

  @Test
  void tableGrowsAndKeepsItemsAndGenerations() {
    long past = table.add("past");
    assertThat(table.remove(past)).isTrue();
    var tokens = new ArrayList<Long>();
    for (int i = 0; i < 10_000; i++) {
      tokens.add(table.add("item " + i));
    }
    assertThat(tokens).doesNotHaveDuplicates().doesNotContain(past);
    for (int i = 0; i < tokens.size(); i++) {
      assertThat(table.find(tokens.get(i))).isEqualTo("item " + i);
    }
    assertThat(table.find(past)).isNull();
    assertThat(table.size()).isEqualTo(10_000);
    for (long token : tokens) {
      assertThat(table.remove(token)).isTrue();
    }
    assertThat(table.size()).isZero();
    long again = table.add("again");
    assertThat(slot(again)).isLessThan(10_000);
  }

  @Test
  void randomLifeAgreesWithAMap() {
    var random = new Random(42);
    Map<Long, String> model = new HashMap<>();
    List<Long> ever = new ArrayList<>();
    for (int i = 0; i < 50_000; i++) {
      if (ever.isEmpty() || random.nextInt(5) < 3) {
        long token = table.add("item " + i);
        assertThat(model.put(token, "item " + i)).as("given before").isNull();
        ever.add(token);
      } else {
        long token = ever.get(random.nextInt(ever.size()));
        assertThat(table.remove(token)).isEqualTo(model.remove(token) != null);
      }
      long probe = ever.get(random.nextInt(ever.size()));
      assertThat(table.find(probe)).isEqualTo(model.get(probe));
      assertThat(table.size()).isEqualTo(model.size());
    }
  }

  @Test
  void closedTableRefusesItemsAndGivesWhatItHad() {
    long gone = table.add("gone");
    long stays = table.add("stays");
    long too = table.add("too");
    assertThat(table.remove(gone)).isTrue();
    assertThat(table.close()).containsExactlyInAnyOrder("stays", "too");
    assertThatThrownBy(() -> table.add("late"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThat(table.find(stays)).isEqualTo("stays");
    assertThat(table.remove(too)).isTrue();
    assertThat(table.close()).containsExactly("stays");
  }

  /**
   * Finders never meet an item under a token that is not its own, whatever is added, removed and
   * grown meanwhile.
   */
  @Test
  void concurrentFindersSeeTheItemOfTheTokenOrNothing() throws Exception {
    int writers = 2;
    int perWriter = 40_000;
    int shown = 64;
    var boxes = new RegistrationTable<AtomicReferenceArray<Long>>();
    var visible = new AtomicReferenceArray<Long>(shown);
    var wrong = new AtomicInteger();
    var running = new AtomicBoolean(true);
    var barrier = new CyclicBarrier(writers + 1);
    var threads = new ArrayList<FutureTask<Void>>();
    for (int w = 0; w < writers; w++) {
      int seed = w;
      threads.add(
          start(() -> {
            barrier.await();
            var random = new Random(seed);
            var mine = new ArrayList<Long>();
            for (int i = 0; i < perWriter; i++) {
              var item = new AtomicReferenceArray<Long>(1);
              long token = boxes.add(item);
              item.set(0, token);
              visible.set(random.nextInt(shown), token);
              mine.add(token);
              if (i % 16 != 0) {
                long victim = mine.remove(random.nextInt(mine.size()));
                if (!boxes.remove(victim)) {
                  wrong.incrementAndGet();
                }
                if (boxes.find(victim) != null) {
                  wrong.incrementAndGet();
                }
              }
            }
            return null;
          }));
    }
    FutureTask<Void> finder =
        start(() -> {
          barrier.await();
          var random = new Random(-1);
          while (running.get()) {
            Long token = visible.get(random.nextInt(shown));
            var item = token == null ? null : boxes.find(token);
            if (item != null && !token.equals(item.get(0))) {
              wrong.incrementAndGet();
            }
          }
          return null;
        });
    for (FutureTask<Void> thread : threads) {
      thread.get(30, TimeUnit.SECONDS);
    }
    running.set(false);
    finder.get(30, TimeUnit.SECONDS);
    assertThat(wrong).hasValue(0);
    assertThat(boxes.size()).isEqualTo(writers * perWriter / 16);
  }

  private static FutureTask<Void> start(Callable<Void> work) {
    var task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }
}
