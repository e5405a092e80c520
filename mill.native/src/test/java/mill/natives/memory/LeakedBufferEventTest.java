package mill.natives.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording hears of a leak, and what happens where there is no recorder. */
class LeakedBufferEventTest {
  private static final int BYTES = 4 * Pools.KIB;

  @TempDir Path folder;

  private static void leakOne() {
    PooledBuffer lost;
    try (var pool = BufferPool.open(Pools.small(1).checked(true).onLeak(report -> {}).build())) {
      lost = pool.acquire(BYTES);
    }
    lost.release();
  }

  @Test
  void leakedBufferTellsItsSizeAndWhereItWasAcquired() throws Exception {
    assumeTrue(FlightRecorder.isAvailable(), "this JVM has no flight recorder");
    Path file = folder.resolve("flight.jfr");
    try (var recording = new Recording()) {
      recording.enable("mill.LeakedBuffer");
      recording.start();
      leakOne();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> leaks =
        RecordingFile.readAllEvents(file).stream()
            .filter(leak -> leak.getString("acquiredAt").contains("leakOne"))
            .toList();
    assertThat(leaks).hasSize(1);
    RecordedEvent leak = leaks.getFirst();
    assertThat(leak.getLong("capacityBytes")).isEqualTo(BYTES);
    assertThat(leak.getString("cause")).isEqualTo("OPEN_AT_CLOSE");
    assertThat(leak.getString("acquiringThread")).isEqualTo(Thread.currentThread().getName());
    assertThat(leak.getString("acquiredAt").lines().findFirst().orElseThrow())
        .contains("LeakedBufferEventTest.leakOne");
    assertThat(leak.getEventType().getCategoryNames()).containsExactly("mill");
  }

  @Test
  void leakIsReportedInAnImageThatHasNoRecorder() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(Main.class).with("--limit-modules=java.base,mill.natives").run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).isEqualTo("no recorder" + System.lineSeparator());
  }

  /** Leaks. */
  static final class Main {
    public static void main(String[] arguments) {
      leakOne();
      boolean recorder = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
      System.out.println(recorder ? "recorder" : "no recorder");
    }
  }
}
