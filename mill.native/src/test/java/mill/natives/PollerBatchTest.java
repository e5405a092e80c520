package mill.natives;

import static mill.testnet.Net.writeText;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mill.natives.net.UnixStream;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PollerBatchTest {
  private static final int COUNT = 40;

  private final List<UnixStream.Pair> pairs = new ArrayList<>();

  @BeforeEach
  void openAll() throws IOException {
    for (int i = 0; i < COUNT; i++) {
      UnixStream.Pair pair = UnixStream.pair();
      pairs.add(pair);
      writeText(pair.second(), "a");
    }
  }

  @AfterEach
  void closeAll() {
    for (UnixStream.Pair pair : pairs) {
      pair.first().close();
      pair.second().close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, COUNT - 1, COUNT, COUNT + 1})
  void batchSmallerThanWhatIsReadyLosesNothing(int capacity) throws IOException {
    for (Trigger trigger : Trigger.values()) {
      try (Watch watch = Watch.open(capacity)) {
        registerAll(watch, trigger);
        Set<Long> seen = new HashSet<>();
        // Level-triggered descriptors go to the end of the kernel's list, so the first round brings
        // each of them.
        for (int polls = 0; polls < COUNT && seen.size() < COUNT; polls++) {
          List<Long> batch = watch.now();
          assertThat(batch).hasSizeLessThanOrEqualTo(capacity).isNotEmpty();
          seen.addAll(batch);
        }
        assertThat(seen).as("%s", trigger).hasSize(COUNT);
        deregisterAll(watch);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Trigger.class)
  void wakeUpTakesNoEventsPlaceForGood(Trigger trigger) throws IOException {
    try (Watch watch = Watch.open(1)) {
      watch.poller.wake();
      registerAll(watch, trigger);
      Set<Long> seen = new HashSet<>();
      int wakeUps = 0;
      for (int polls = 0; polls < COUNT + 1; polls++) {
        seen.addAll(watch.now());
        wakeUps += watch.events.woken() ? 1 : 0;
      }
      assertThat(seen).hasSize(COUNT);
      assertThat(wakeUps).isEqualTo(1);
      deregisterAll(watch);
    }
  }

  @Test
  void wakeUpIsNotStarvedByABatchThatIsAlwaysFull() throws IOException {
    try (Watch watch = Watch.open(1)) {
      registerAll(watch, Trigger.LEVEL);
      watch.now();
      watch.poller.wake();
      boolean woken = false;
      for (int polls = 0; polls <= COUNT && !woken; polls++) {
        watch.now();
        woken = watch.events.woken();
      }
      assertThat(woken).isTrue();
      deregisterAll(watch);
    }
  }

  @Test
  void oneBatchServesSeveralPollersAndAPollerSeveralBatches() throws IOException {
    try (Watch small = Watch.open(1);
        Watch large = Watch.open(COUNT)) {
      registerAll(small, Trigger.LEVEL);
      assertThat(small.now()).hasSize(1);
      small.poller.poll(large.events, 0);
      assertThat(large.tokens()).hasSize(COUNT).doesNotHaveDuplicates();
      assertThat(small.now()).hasSize(1);
      large.poller.poll(large.events, 0);
      assertThat(large.tokens()).isEmpty();
      deregisterAll(small);
    }
  }

  private void registerAll(Watch watch, Trigger trigger) throws IOException {
    for (int i = 0; i < COUNT; i++) {
      watch.register(pairs.get(i).first(), i, Interest.READABLE, trigger);
    }
  }

  private void deregisterAll(Watch watch) {
    for (UnixStream.Pair pair : pairs) {
      watch.poller.deregister(pair.first());
    }
  }
}
