package mill.sim.programs.net;

import java.time.Duration;
import mill.core.net.ConnectionConfig;
import mill.natives.memory.BufferPoolConfig;
import mill.sim.Simulation;

/** How the connections of one simulation are treated, drawn from its seed. */
final class Setup {
  /** More than is ever used. */
  static final long MUCH = 1L << 30;

  private static final Duration LONG = Duration.ofSeconds(60);

  private final Simulation sim;
  final int socketBytes; // 0: the system's
  final long high;
  final long queueLimit;
  final long memory;
  final int maxFrame;
  final boolean layered;
  private final boolean checked;
  private final Duration stall;
  private final Duration closing;
  private final Duration idle;
  private final ConnectionConfig common;

  Setup(Ledger ledger) {
    sim = ledger.sim;
    socketBytes = sim.chance(0.6) ? (int) sim.between(3_000, 20_000) : 0;
    high = sim.chance(0.7) ? sim.between(500, 8_000) : 256 << 10;
    queueLimit = sim.chance(0.15) ? high + sim.between(0, 4_000) : MUCH;
    memory = sim.chance(0.15) ? sim.between(2, 6) * (128 << 10) : MUCH;
    maxFrame = sim.chance(0.1) ? (int) sim.between(300, 2_000) : 64 << 10;
    layered = sim.chance(0.15);
    checked = sim.chance(0.5);
    stall = sim.chance(0.3) ? Duration.ofMillis(sim.between(400, 3_000)) : LONG;
    closing = Duration.ofMillis(sim.chance(0.5) ? sim.between(400, 2_000) : 5_000);
    // A reset that stands at a cut is lost: then it is silence that tells.
    idle = Duration.ofMillis(sim.chance(0.2) ? sim.between(300, 2_000) : 30_000);
    common = common(ledger);
  }

  private ConnectionConfig common(Ledger ledger) {
    ConnectionConfig made =
        ConnectionConfig.defaults()
            .marks(sim.between(0, high + 1), high)
            .queueLimit(queueLimit)
            .maxFrame(maxFrame)
            .writeStall(stall)
            .closeTimeout(closing)
            .readIdle(idle);
    return layered ? made.layer(() -> new Scrambler(ledger)) : made;
  }

  ConnectionConfig server() {
    return sim.chance(0.3) ? common.maxConnections((int) sim.between(1, 5), 1 << 20) : common;
  }

  ConnectionConfig client() {
    return sim.chance(0.3) ? common.connectTimeout(Duration.ofMillis(sim.between(1, 200))) : common;
  }

  BufferPoolConfig memory(Ledger ledger) {
    BufferPoolConfig.Builder builder =
        BufferPoolConfig.builder()
            .checked(checked)
            .onLeak(leak -> ledger.fail("a buffer was not given back: " + leak));
    return memory < MUCH ? builder.maxBytes(memory).slabBytes(128 << 10).build() : builder.build();
  }

  Duration writeStall() {
    return stall;
  }

  Duration closeTimeout() {
    return closing;
  }
}
