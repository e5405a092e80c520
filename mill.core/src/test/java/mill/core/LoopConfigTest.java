package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import mill.natives.ReadyEvents;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LoopConfigTest {
  @Test
  void defaultsAreInlineAndSleepUntilWoken() {
    LoopConfig config = LoopConfig.defaults();
    assertThat(config.name()).isEqualTo("mill-loop");
    assertThat(config.dispatch()).isSameAs(DispatchMode.INLINE);
    assertThat(config.workers()).isBetween(1, Runtime.getRuntime().availableProcessors());
    assertThat(config.eventsPerPoll()).isEqualTo(512);
    assertThat(config.taskQueueCapacity()).isEqualTo(16_384);
    assertThat(config.maxTasksPerTurn()).isEqualTo(1_024);
    assertThat(config.maxPollTimeout()).isEmpty();
    assertThat(config.platform()).isEmpty();
  }

  @Test
  void configKeepsWhatItWasGiven() throws IOException {
    var platform = new FakePlatform();
    LoopConfig config =
        LoopConfig.builder()
            .name("weaver")
            .dispatch(DispatchMode.WORKERS)
            .workers(7)
            .eventsPerPoll(9)
            .maxTasksPerTurn(11)
            .maxPollTimeout(Duration.ofMillis(13))
            .platform(platform)
            .build();
    assertThat(config.name()).isEqualTo("weaver");
    assertThat(config.dispatch()).isSameAs(DispatchMode.WORKERS);
    assertThat(config.workers()).isEqualTo(7);
    assertThat(config.eventsPerPoll()).isEqualTo(9);
    assertThat(config.maxTasksPerTurn()).isEqualTo(11);
    assertThat(config.maxPollTimeout()).contains(Duration.ofMillis(13));
    assertThat(config.platform()).containsSame(platform);
    assertThat(config.toString()).contains("weaver", "WORKERS", "workers=7", "PT0.013S");
    try (EventLoop loop = EventLoop.open(config)) {
      assertThat(loop.config()).isSameAs(config);
    }
  }

  static Stream<Arguments> ranges() {
    return Stream.of(
        range("workers", LoopConfig.MAX_WORKERS, LoopConfig.Builder::workers),
        range("eventsPerPoll", ReadyEvents.MAX_CAPACITY, LoopConfig.Builder::eventsPerPoll),
        range(
            "taskQueueCapacity",
            LoopConfig.MAX_TASK_QUEUE_CAPACITY,
            LoopConfig.Builder::taskQueueCapacity),
        range("maxTasksPerTurn", Integer.MAX_VALUE, LoopConfig.Builder::maxTasksPerTurn));
  }

  private static Arguments range(
      String name, int max, BiConsumer<LoopConfig.Builder, Integer> setter) {
    return Arguments.of(name, max, setter);
  }

  @ParameterizedTest
  @MethodSource("ranges")
  void valueOutOfItsRangeIsRefusedAtOnceWithTheRange(
      String name, int max, BiConsumer<LoopConfig.Builder, Integer> setter) {
    var builder = LoopConfig.builder();
    setter.accept(builder, 1);
    setter.accept(builder, max);
    for (int wrong : new int[] {0, -1, Integer.MIN_VALUE, max + 1}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> setter.accept(builder, wrong))
          .withMessage("%s must be 1 to %d, not %d", name, max, wrong);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "2,2", "3,4", "4,4", "5,8", "1000,1024", "16777215,16777216"})
  void taskQueueCapacityIsRoundedUpToAPowerOfTwo(int given, int rounded) {
    assertThat(LoopConfig.builder().taskQueueCapacity(given).build().taskQueueCapacity())
        .isEqualTo(rounded);
  }

  @Test
  void negativePollTimeoutIsRefusedAndTheMessageTellsTheOtherWay() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoopConfig.builder().maxPollTimeout(Duration.ofNanos(-1)))
        .withMessageContaining("leave it out to sleep until woken");
  }

  @Test
  void timerTickOutOfItsRangeIsRefusedAndSaysTheRange() {
    for (Duration wrong :
        List.of(Duration.ZERO, Duration.ofNanos(-1), LoopConfig.MAX_TIMER_TICK.plusNanos(1))) {
      assertThatThrownBy(() -> LoopConfig.builder().timerTick(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 nanosecond to PT1S");
    }
    assertThat(LoopConfig.builder().timerTick(Duration.ofMillis(1)).build().timerTick())
        .isEqualTo(Duration.ofMillis(1));
  }

  @Test
  void numberOfOffloadsIsRoundedUpToAPowerOfTwoAndBounded() {
    assertThat(LoopConfig.builder().maxOffloads(1_000).build().maxOffloads()).isEqualTo(1_024);
    assertThatThrownBy(() -> LoopConfig.builder().maxOffloads(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxOffloads must be 1 to");
  }
}
