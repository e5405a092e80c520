package mill.bench.jmh;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import mill.core.LoopConfig;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to look at a loop, in echoes: {@link EchoRoundTrip} with 1 connection, and with 16
 * that send before the first one waits for its answer, so that the server finds several ready in
 * one turn.
 *
 * <p>{@code mill} is the loop that counts nothing. Netty counts nothing either, and has no watchdog
 * and no flight events: there is no peer.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class SightCost {
  /** {@link EchoRoundTrip}'s server, with a set-up of its own. */
  public abstract static class Subject extends EchoRoundTrip.Mill {
    /** How many connections there are; one operation is a round trip on each. */
    @Param({"1", "16"})
    public int connections;

    @Override
    int connections() {
      return connections;
    }
  }

  /** Nothing is counted. */
  public static class Off extends Subject {
    @Override
    LoopConfig config() {
      return SightConfigs.off();
    }
  }

  /** The defaults. */
  public static class Metrics extends Subject {
    @Override
    LoopConfig config() {
      return SightConfigs.metrics();
    }
  }

  /** Metrics, and a watchdog. */
  public static class Watchdog extends Subject {
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
  public byte mill(Off subject) throws IOException {
    return subject.roundTrip();
  }

  @Benchmark
  public byte millMetrics(Metrics subject) throws IOException {
    return subject.roundTrip();
  }

  @Benchmark
  public byte millWatchdog(Watchdog subject) throws IOException {
    return subject.roundTrip();
  }

  @Benchmark
  public byte millFlight(Flight subject) throws IOException {
    return subject.roundTrip();
  }
}
