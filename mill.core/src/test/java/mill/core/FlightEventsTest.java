package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testing.Await;
import mill.testing.ChildJvm;
import mill.testing.Recorders;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a flight recording hears of a loop, and what happens where there is no recorder. */
class FlightEventsTest {
  @TempDir Path folder;

  @BeforeEach
  void recorderIsThere() {
    Recorders.assumeUsable();
  }

  private interface Flight {
    void fly() throws Exception;
  }

  /** Records while something is done; only what one loop said is kept, since others run beside. */
  private List<RecordedEvent> recorded(String event, Duration threshold, String of, Flight flight)
      throws Exception {
    Path file = folder.resolve("flight.jfr");
    try (var recording = new Recording()) {
      recording.enable(event).withThreshold(threshold);
      recording.start();
      flight.fly();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    Files.delete(file);
    String field = event.equals("mill.RejectedTask") ? "executor" : "loop";
    // Tests beside this one may record other events, which then are in here too.
    return events.stream()
        .filter(each -> each.getEventType().getName().equals(event))
        .filter(each -> each.getString(field).equals(of))
        .toList();
  }

  private static final class Reader implements EventHandler {
    final CountDownLatch served = new CountDownLatch(1);

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      ((FakePollable) registration.pollable()).ready(0);
      served.countDown();
    }
  }

  private static void serveOne(LoopConfig.Builder config) throws Exception {
    try (var fake = FakeLoop.open(config)) {
      fake.loop.execute(() -> {});
      fake.loop.schedule(Duration.ZERO, () -> {});
      var reader = new Reader();
      fake.loop.register(fake.platform.readablePollable(), Interest.READABLE, reader);
      fake.start();
      Await.await(reader.served);
      fake.stopAndJoin();
    }
  }

  @Test
  void slowTurnTellsWhatItDid() throws Exception {
    List<RecordedEvent> turns =
        recorded(
            "mill.SlowTurn",
            Duration.ZERO,
            "turning",
            () -> serveOne(LoopConfig.builder().name("turning")));
    assertThat(turns.stream().mapToInt(turn -> turn.getInt("events")).sum()).isOne();
    assertThat(turns.stream().mapToInt(turn -> turn.getInt("tasks")).sum()).isOne();
    assertThat(turns.stream().mapToInt(turn -> turn.getInt("timers")).sum()).isOne();
    assertThat(turns)
        .allSatisfy(turn -> {
          assertThat(turn.getDuration()).isPositive();
          assertThat(turn.getInt("results")).isZero();
          assertThat(turn.getEventType().getCategoryNames()).containsExactly("mill");
          assertThat(turn.getStackTrace()).isNull();
        });
  }

  @ParameterizedTest
  @EnumSource
  void slowHandlerIsNamedWhereverItRuns(DispatchMode dispatch) throws Exception {
    List<RecordedEvent> handlers =
        recorded(
            "mill.SlowHandler",
            Duration.ZERO,
            "handling",
            () -> serveOne(LoopConfig.builder().name("handling").dispatch(dispatch)));
    assertThat(handlers).hasSize(1);
    RecordedEvent handler = handlers.getFirst();
    assertThat(handler.getString("handler")).isEqualTo(Reader.class.getName());
    assertThat(handler.getString("pollable")).startsWith("FakePollable[fd 3");
    assertThat(handler.getDuration()).isPositive();
    assertThat(handler.getThread().getJavaName())
        .startsWith(dispatch == DispatchMode.INLINE ? "handling" : "handling-worker-");
  }

  @Test
  void whatIsShorterThanTheThresholdIsNotRecorded() throws Exception {
    for (String event : List.of("mill.SlowTurn", "mill.SlowHandler")) {
      assertThat(
              recorded(
                  event,
                  Duration.ofHours(1),
                  "fast",
                  () -> serveOne(LoopConfig.builder().name("fast"))))
          .isEmpty();
    }
  }

  @Test
  void loopWithoutMetricsTellsNothingOfItsTurns() throws Exception {
    for (String event : List.of("mill.SlowTurn", "mill.SlowHandler")) {
      assertThat(
              recorded(
                  event,
                  Duration.ZERO,
                  "silent",
                  () -> serveOne(LoopConfig.builder().name("silent").metrics(false))))
          .isEmpty();
    }
  }

  @Test
  void rejectedTaskTellsWhoRefusedItAndWhy() throws Exception {
    Runnable task = () -> {};
    List<RecordedEvent> rejected =
        recorded(
            "mill.RejectedTask",
            Duration.ZERO,
            "full",
            () -> {
              var config = LoopConfig.builder().name("full").taskQueueCapacity(1).metrics(false);
              try (var fake = FakeLoop.open(config)) {
                fake.loop.execute(task);
                assertThatThrownBy(() -> fake.loop.execute(task))
                    .isInstanceOf(RejectedExecutionException.class);
              }
            });
    assertThat(rejected).hasSize(1);
    assertThat(rejected.getFirst().getString("task")).isEqualTo(task.getClass().getName());
    assertThat(rejected.getFirst().getString("reason")).startsWith("1 tasks wait already");
  }

  @Test
  void taskThatAPoolRefusesIsToldToo() throws Exception {
    Runnable task = () -> {};
    List<RecordedEvent> rejected =
        recorded(
            "mill.RejectedTask",
            Duration.ZERO,
            "closed-pool",
            () -> {
              var pool = ComputePool.open(ComputePoolConfig.builder().name("closed-pool").build());
              pool.close();
              assertThatThrownBy(() -> pool.execute(task))
                  .isInstanceOf(RejectedExecutionException.class);
            });
    assertThat(rejected).hasSize(1);
    assertThat(rejected.getFirst().getString("reason")).contains("closed");
  }

  @Test
  void pollableWhoseTextThrowsDoesNoHarm() throws Exception {
    List<RecordedEvent> handlers =
        recorded(
            "mill.SlowHandler",
            Duration.ZERO,
            "textless",
            () -> {
              try (var fake = FakeLoop.open(LoopConfig.builder().name("textless"))) {
                var reader = new Reader();
                FakePollable pollable = fake.platform.readablePollable();
                pollable.textThrows = true;
                fake.loop.register(pollable, Interest.READABLE, reader);
                fake.start();
                Await.await(reader.served);
                fake.settle();
                pollable.textThrows = false;
              }
            });
    assertThat(handlers.getFirst().getString("pollable")).contains("FakePollable", "has thrown");
  }

  @Test
  void loopRunsInAnImageThatHasNoRecorder() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(NoRecorderProgram.class)
            .with("--limit-modules=java.base,mill.core", "-XX:-PrintWarnings")
            .run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).isEqualTo("no recorder\nturned\nleak reported\n");
  }
}
