package mill.core.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ComputePoolConfigTest {
  @Test
  void defaultsAreOneThreadForEachProcessorAndSixteenThousandTasksOfEachPriority() {
    ComputePoolConfig config = ComputePoolConfig.defaults();
    assertThat(config.name()).isEqualTo("mill-compute");
    assertThat(config.threads()).isBetween(1, Runtime.getRuntime().availableProcessors());
    assertThat(config.queueCapacity()).isEqualTo(16_384);
    assertThat(config.ageingLimit()).isEqualTo(64);
    assertThat(config.uncaughtExceptionHandler()).isEmpty();
    try (var pool = ComputePool.open()) {
      assertThat(pool.config().toString()).isEqualTo(config.toString());
    }
  }

  @Test
  void configKeepsWhatItWasGiven() {
    Thread.UncaughtExceptionHandler handler = (thread, thrown) -> {};
    ComputePoolConfig config =
        ComputePoolConfig.builder()
            .name("loom")
            .threads(3)
            .queueCapacity(5)
            .ageingLimit(7)
            .uncaughtExceptionHandler(handler)
            .build();
    assertThat(config.uncaughtExceptionHandler()).containsSame(handler);
    assertThat(config.toString())
        .isEqualTo("ComputePoolConfig[name=loom, threads=3, queueCapacity=5, ageingLimit=7]");
    try (var pool = ComputePool.open(config)) {
      assertThat(pool.config()).isSameAs(config);
      assertThat(pool.toString()).isEqualTo("ComputePool[loom, 3 threads, 0 active, 0 queued]");
    }
  }

  static Stream<Arguments> ranges() {
    return Stream.of(
        range("threads", 1, ComputePoolConfig.MAX_THREADS, ComputePoolConfig.Builder::threads),
        range(
            "queueCapacity",
            1,
            ComputePoolConfig.MAX_QUEUE_CAPACITY,
            ComputePoolConfig.Builder::queueCapacity),
        range(
            "ageingLimit",
            ComputePoolConfig.MIN_AGEING_LIMIT,
            ComputePoolConfig.MAX_AGEING_LIMIT,
            ComputePoolConfig.Builder::ageingLimit));
  }

  private static Arguments range(
      String name, int min, int max, BiConsumer<ComputePoolConfig.Builder, Integer> setter) {
    return Arguments.of(name, min, max, setter);
  }

  @ParameterizedTest
  @MethodSource("ranges")
  void valueOutOfItsRangeIsRefusedAtOnceWithTheRange(
      String name, int min, int max, BiConsumer<ComputePoolConfig.Builder, Integer> setter) {
    var builder = ComputePoolConfig.builder();
    setter.accept(builder, min);
    setter.accept(builder, max);
    for (int wrong : new int[] {min - 1, -1, Integer.MIN_VALUE, max + 1}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> setter.accept(builder, wrong))
          .withMessage("%s must be %d to %d, not %d", name, min, max, wrong);
    }
  }

  @Test
  void missingNameOrHandlerIsRefusedAtOnce() {
    var builder = ComputePoolConfig.builder();
    assertThatNullPointerException().isThrownBy(() -> builder.name(null)).withMessage("name");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.uncaughtExceptionHandler(null))
        .withMessage("uncaughtExceptionHandler");
  }
}
