package mill.natives.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ObjectPoolTest {

  @Test
  void aReleasedObjectIsResetAndAcquiredAgain() {
    var pool = ObjectPool.of(2, StringBuilder::new, text -> text.setLength(0));
    StringBuilder text = pool.acquire().append("used");
    assertThat(pool.release(text)).isTrue();
    assertThat(pool.acquire()).isSameAs(text).isEmpty();
    assertThat(pool.metrics()).isEqualTo(new ObjectPoolMetrics(2, 0, 1, 1, 0));
  }

  @Test
  void theObjectReleasedLastIsAcquiredFirst() {
    var pool = ObjectPool.of(2, Object::new, object -> {});
    Object first = pool.acquire();
    Object second = pool.acquire();
    pool.release(first);
    pool.release(second);
    assertThat(pool.acquire()).isSameAs(second);
    assertThat(pool.acquire()).isSameAs(first);
  }

  @Test
  void anObjectOverTheBoundIsDropped() {
    var pool = ObjectPool.of(2, Object::new, object -> {});
    List<Object> objects = List.of(pool.acquire(), pool.acquire(), pool.acquire());
    assertThat(objects).extracting(pool::release).containsExactly(true, true, false);
    assertThat(pool.metrics()).isEqualTo(new ObjectPoolMetrics(2, 2, 3, 0, 1));
  }

  @Test
  void aBoundOfZeroKeepsNothing() {
    var pool = ObjectPool.of(0, Object::new, object -> {});
    assertThat(pool.release(pool.acquire())).isFalse();
    assertThatThrownBy(() -> ObjectPool.of(-1, Object::new, object -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxIdle");
  }

  @Test
  void releasingTwiceThrowsBeforeTheObjectIsReset() {
    var resets = new AtomicInteger();
    var pool = ObjectPool.of(2, Object::new, object -> resets.incrementAndGet());
    Object object = pool.acquire();
    pool.release(object);
    assertThatThrownBy(() -> pool.release(object))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("double release");
    assertThat(resets).hasValue(1);
    assertThat(pool.metrics().idle()).isEqualTo(1);
  }

  @Test
  void objectsAreToldApartByIdentityNotByEquals() {
    var pool = ObjectPool.of(4, ArrayList<String>::new, List::clear);
    ArrayList<String> one = pool.acquire();
    ArrayList<String> other = pool.acquire();
    assertThat(one).isEqualTo(other);
    assertThat(pool.release(one)).isTrue();
    assertThat(pool.release(other)).isTrue();
  }

  @Test
  void anObjectWhoseResetThrowsIsDropped() {
    var pool =
        ObjectPool.of(
            2,
            Object::new,
            object -> {
              throw new UnsupportedOperationException("planted");
            });
    assertThatThrownBy(() -> pool.release(pool.acquire())).hasMessage("planted");
    assertThat(pool.metrics()).isEqualTo(new ObjectPoolMetrics(2, 0, 1, 0, 1));
  }

  @Test
  void underStressNoObjectHasTwoOwners() throws Exception {
    var pool = ObjectPool.of(3, AtomicInteger::new, owners -> {});
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        running.add(threads.submit(() -> takeTurns(pool)));
      }
      for (Future<?> turn : running) {
        turn.get();
      }
    }
    ObjectPoolMetrics metrics = pool.metrics();
    assertThat(metrics.idle()).isLessThanOrEqualTo(3);
    assertThat(metrics.created() + metrics.reused()).isEqualTo(80_000);
    assertThat(metrics.created()).isEqualTo(metrics.idle() + metrics.dropped());
  }

  private static void takeTurns(ObjectPool<AtomicInteger> pool) {
    for (int i = 0; i < 20_000; i++) {
      AtomicInteger owners = pool.acquire();
      assertThat(owners.incrementAndGet()).isEqualTo(1);
      owners.decrementAndGet();
      pool.release(owners);
    }
  }
}
