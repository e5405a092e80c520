package mill.bench.jmh;

import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import mill.core.LoopConfig;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to look at a loop, in turns: {@link LoopTurn}, whose handlers do nothing, so that
 * the cost shows. {@link SightCost} tells what is left of it in a program that does something.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class SightTurn {
  /** Nothing is counted. */
  public static class Off extends LoopTurn.Mill {
    @Override
    LoopConfig config() {
      return SightConfigs.off();
    }
  }

  /** The defaults. */
  public static class Metrics extends LoopTurn.Mill {
    @Override
    LoopConfig config() {
      return SightConfigs.metrics();
    }
  }

  /** Metrics, and a watchdog. */
  public static class Watchdog extends LoopTurn.Mill {
    @Override
    LoopConfig config() {
      return SightConfigs.watchdog();
    }
  }

  /** Metrics, and a flight recording. */
  public static class Flight extends Metrics {
    private Recording recording;

    @Setup(Level.Trial)
    public void startRecording() {
      recording = SightConfigs.startRecording();
    }

    @TearDown(Level.Trial)
    public void stopRecording() {
      recording.close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(LoopTurn.TURNS)
  public long mill(Off subject) {
    return subject.turns();
  }

  @Benchmark
  @OperationsPerInvocation(LoopTurn.TURNS)
  public long millMetrics(Metrics subject) {
    return subject.turns();
  }

  @Benchmark
  @OperationsPerInvocation(LoopTurn.TURNS)
  public long millWatchdog(Watchdog subject) {
    return subject.turns();
  }

  @Benchmark
  @OperationsPerInvocation(LoopTurn.TURNS)
  public long millFlight(Flight subject) {
    return subject.turns();
  }
}
