package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import jdk.jfr.Recording;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import mill.testing.Allocations;
import mill.testing.Recorders;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A turn makes no garbage, with metrics, watchdog and flight recording or without. */
class TelemetryAllocationTest {
  private static final int TURNS = 5_000;
  private static final int MAX_WINDOWS = 200;

  /** A scripted poller: finds its one descriptor ready in every poll, and allocates nothing. */
  private static final class AlwaysReady implements Platform, PollerBackend {
    private final FakePlatform fake = new FakePlatform();
    private long token;

    @Override
    public int add(int fd, long newToken, Interest interest, Trigger trigger) {
      token = newToken;
      return 0;
    }

    @Override
    public int modify(int fd, long newToken, Interest interest, Trigger trigger) {
      return 0;
    }

    @Override
    public int remove(int fd) {
      return 0;
    }

    @Override
    public int poll(ReadyEvents into, long timeoutNs) {
      into.add(token, Readiness.READABLE);
      return 0;
    }

    @Override
    public void wake() {}

    @Override
    public void close() {}

    @Override
    public PollerBackend openPoller() {
      return this;
    }

    @Override
    public String name() {
      return "always ready";
    }

    @Override
    public Errnos errnos() {
      return fake.errnos();
    }

    @Override
    public Sockets sockets() {
      return fake.sockets();
    }

    @Override
    public AddressCodec addresses() {
      return fake.addresses();
    }

    @Override
    public OptionCode option(String name) {
      return null;
    }

    @Override
    public int pinCurrentThread(int cpu) {
      return 0;
    }
  }

  private static final class Ready extends Pollable {
    Ready(Platform platform) {
      super(platform, 3);
    }

    @Override
    protected int closeDescriptor(int fd) {
      return 0;
    }
  }

  /** Counts what the loop's thread allocates, in windows of so many turns. */
  private static final class Meter implements EventHandler, Runnable {
    private long fewest = Long.MAX_VALUE;
    private long before = -1;
    private int turns;
    private int windows;
    private int tasks;

    @Override
    public void onReady(Registration registration, Readiness readiness) throws Exception {
      if (turns++ % TURNS == 0) {
        long now = Allocations.ofCurrentThread();
        if (before >= 0) {
          fewest = Math.min(fewest, now - before);
        }
        if (windows++ == MAX_WINDOWS || fewest < TURNS) {
          registration.loop().stop();
        }
        before = Allocations.ofCurrentThread();
      }
      registration.loop().execute(this);
      registration.execute(this);
    }

    @Override
    public void run() {
      tasks++;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"off", "metrics", "watchdog", "flight"})
  void turnMakesNoGarbage(String sight) throws Exception {
    if (sight.equals("flight")) {
      Recorders.assumeUsable();
      try (var recording = new Recording()) {
        recording.enable("mill.SlowTurn").withThreshold(Duration.ofHours(1));
        recording.enable("mill.SlowHandler").withThreshold(Duration.ofHours(1));
        recording.start();
        turn(sight);
      }
    } else {
      turn(sight);
    }
  }

  private static void turn(String sight) throws Exception {
    Allocations.assumeCounted();
    var platform = new AlwaysReady();
    var config = LoopConfig.builder().platform(platform).metrics(!sight.equals("off"));
    if (sight.equals("watchdog")) {
      config.stallThreshold(Duration.ofHours(1));
    }
    var meter = new Meter();
    try (EventLoop loop = EventLoop.open(config.build())) {
      loop.register(new Ready(platform), Interest.READABLE, meter);
      LoopRunner.start(loop).join();
      assertThat(loop.metrics().turns().total()).isEqualTo(sight.equals("off") ? 0 : meter.turns);
    }
    assertThat(meter.tasks).as("the loop's and the registration's").isEqualTo(2 * meter.turns);
    assertThat(meter.fewest).as("bytes in %d turns", TURNS).isLessThan(TURNS);
  }
}
