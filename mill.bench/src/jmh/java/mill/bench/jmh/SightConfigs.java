package mill.bench.jmh;

import java.time.Duration;
import jdk.jfr.Recording;
import mill.core.LoopConfig;

/** The ways to look at a loop. */
final class SightConfigs {
  private SightConfigs() {}

  static LoopConfig off() {
    return LoopConfig.builder().metrics(false).build();
  }

  static LoopConfig metrics() {
    return LoopConfig.builder().metrics(true).build();
  }

  static LoopConfig watchdog() {
    return LoopConfig.builder().stallThreshold(Duration.ofMillis(100)).build();
  }

  /** A flight recording that wants to know of slow turns and handlers, with mill's thresholds. */
  static Recording startRecording() {
    var recording = new Recording();
    recording.enable("mill.SlowTurn");
    recording.enable("mill.SlowHandler");
    recording.start();
    return recording;
  }
}
