package mill.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.internal.TaskQueue.Offer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskQueueTest {
  private static final long STRESS_NS = TimeUnit.SECONDS.toNanos(2);

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 3, 6, 1_000, Integer.MAX_VALUE})
  void capacityIsAPowerOfTwo(int capacity) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TaskQueue(capacity))
        .withMessageContaining("power of two, not " + capacity);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 16})
  void queueHoldsItsCapacityAndNotOneMoreHoweverOftenItWrapsAround(int capacity) {
    var queue = new TaskQueue(capacity);
    assertThat(queue.capacity()).isEqualTo(capacity);
    for (int lap = 0; lap < 5; lap++) {
      assertThat(queue.isEmpty()).isTrue();
      assertThat(queue.poll()).isNull();
      var tasks = new ArrayList<Runnable>();
      for (int i = 0; i < capacity; i++) {
        Runnable task = new Numbered(i);
        tasks.add(task);
        assertThat(queue.offer(task)).isEqualTo(Offer.ACCEPTED);
        assertThat(queue.size()).isEqualTo(i + 1);
      }
      assertThat(queue.offer(new Numbered(-1))).isEqualTo(Offer.FULL);
      assertThat(queue.isEmpty()).isFalse();
      for (Runnable task : tasks) {
        assertThat(queue.poll()).isSameAs(task);
      }
    }
    assertThat(queue.size()).isZero();
  }

  private record Numbered(int number) implements Runnable {
    @Override
    public void run() {}
  }

  @Test
  void closedQueueRefusesAndDeliversWhatItHas() {
    var queue = new TaskQueue(4);
    var first = new Numbered(1);
    var second = new Numbered(2);
    assertThat(queue.offer(first)).isEqualTo(Offer.ACCEPTED);
    assertThat(queue.offer(second)).isEqualTo(Offer.ACCEPTED);
    queue.close();
    queue.close();
    assertThat(queue.offer(new Numbered(3))).isEqualTo(Offer.CLOSED);
    assertThat(queue.size()).isEqualTo(2);
    assertThat(queue.pollClosed()).isSameAs(first);
    assertThat(queue.pollClosed()).isSameAs(second);
    assertThat(queue.pollClosed()).isNull();
  }

  // Asked by a thread that is held up between the head and the tail.
  @Test
  void sizeIsNeverNegativeAndNeverMoreThanFits() throws Exception {
    var queue = new TaskQueue(4);
    var over = new AtomicBoolean();
    var task = new Numbered(0);
    var busy =
        new FutureTask<Void>(() -> {
          while (!over.get()) {
            queue.offer(task);
            queue.poll();
          }
          return null;
        });
    Thread.ofPlatform().daemon().start(busy);
    long start = System.nanoTime();
    int lowest = 0;
    int highest = 0;
    while (System.nanoTime() - start < STRESS_NS / 2) {
      int size = queue.size();
      lowest = Math.min(lowest, size);
      highest = Math.max(highest, size);
    }
    over.set(true);
    busy.get(30, TimeUnit.SECONDS);
    assertThat(lowest).isZero();
    assertThat(highest).isBetween(0, 4);
  }

  @Test
  void missingTaskIsRefused() {
    var queue = new TaskQueue(4);
    assertThatThrownBy(() -> queue.offer(null)).isInstanceOf(NullPointerException.class);
    assertThat(queue.size()).isZero();
  }

  @Test
  void everyTaskOfManyProducersIsDeliveredOnceAndInItsProducersOrder() throws Exception {
    int producers = 3;
    int each = 200_000;
    var queue = new TaskQueue(64);
    var next = new int[producers];
    var wrong = new AtomicInteger();
    var rejected = new AtomicInteger();
    var accepted = new AtomicInteger();
    var over = new CountDownLatch(producers);
    var threads = new ArrayList<FutureTask<Void>>();
    for (int p = 0; p < producers; p++) {
      int producer = p;
      threads.add(
          new FutureTask<>(() -> {
            for (int i = 0; i < each; i++) {
              int sequence = i;
              Runnable task =
                  () -> {
                    if (sequence < next[producer]) {
                      wrong.incrementAndGet();
                    }
                    next[producer] = sequence + 1;
                  };
              if (queue.offer(task) == Offer.ACCEPTED) {
                accepted.incrementAndGet();
              } else {
                rejected.incrementAndGet();
              }
            }
            over.countDown();
            return null;
          }));
      Thread.ofPlatform().daemon().start(threads.getLast());
    }
    int delivered = 0;
    while (over.getCount() > 0 || !queue.isEmpty()) {
      Runnable task = queue.poll();
      if (task == null) {
        Thread.onSpinWait();
      } else {
        task.run();
        delivered++;
      }
    }
    for (FutureTask<Void> thread : threads) {
      thread.get(30, TimeUnit.SECONDS);
    }
    assertThat(wrong).hasValue(0);
    assertThat(accepted.get() + rejected.get()).isEqualTo(producers * each);
    assertThat(delivered).isEqualTo(accepted.get());
  }

  // The consumer keeps the queue nearly empty, so that the close finds producers between claiming a
  // place and filling it.
  @Test
  void whatWasAcceptedBeforeACloseIsDeliveredThoughItsProducerWasNotFinished() throws Exception {
    long start = System.nanoTime();
    // Both threads spin: on a busy machine a round takes as long as the scheduler wants.
    for (int round = 0; round < 5_000 && System.nanoTime() - start < STRESS_NS; round++) {
      var queue = new TaskQueue(16);
      var producer = new FutureTask<>(() -> offerUntilClosed(queue));
      Thread.ofPlatform().daemon().start(producer);
      int delivered = 0;
      while (delivered <= round % 200) {
        if (queue.poll() != null) {
          delivered++;
        }
      }
      queue.close();
      while (queue.pollClosed() != null) {
        delivered++;
      }
      assertThat(delivered).isEqualTo(producer.get(30, TimeUnit.SECONDS));
    }
  }

  private static int offerUntilClosed(TaskQueue queue) {
    int accepted = 0;
    var task = new Numbered(0);
    while (true) {
      switch (queue.offer(task)) {
        case ACCEPTED -> accepted++;
        case FULL -> Thread.onSpinWait();
        case CLOSED -> {
          return accepted;
        }
      }
    }
  }
}
