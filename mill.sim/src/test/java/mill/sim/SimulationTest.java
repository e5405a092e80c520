package mill.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import mill.core.EventLoop;
import mill.core.IdleStrategy;
import mill.core.LoopConfig;
import mill.core.RateLimiter;
import mill.core.Registration;
import mill.core.compute.ComputePool;
import mill.core.compute.ComputePoolConfig;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.sim.fault.FaultKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** What a user's test sees: failures, replays, hosts, clocks. */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class SimulationTest {
  private static final String SEED = "mill.sim.seed";
  private static final String SEEDS = "mill.sim.seeds";
  private static final String TRACE = "mill.sim.trace";
  private static final int PORT = 7;

  @AfterEach
  void forgetProperties() {
    List.of(SEED, SEEDS, TRACE).forEach(System::clearProperty);
  }

  private static SimReport run(Scenario scenario) {
    return Simulation.seeds(1).faults(Faults.none()).run(scenario);
  }

  private static SimFailure failure(Seeds seeds, Scenario scenario) {
    return catchThrowableOfType(SimFailure.class, () -> seeds.run(scenario));
  }

  private static SimFailure failure(Scenario scenario) {
    return failure(Simulation.seeds(1).faults(Faults.none()), scenario);
  }

  /** A loop that runs until it is stopped, after a time. */
  private static void runFor(Duration time) throws IOException {
    try (var loop = EventLoop.open()) {
      loop.schedule(time, loop::stop);
      loop.run();
    }
  }

  @Test
  void loopThatNeverSleepsLetsTimeGoOn() {
    for (var strategy : List.of(IdleStrategy.busySpin(), IdleStrategy.yielding())) {
      var config = LoopConfig.builder().idleStrategy(strategy).build();
      SimReport report =
          run(sim ->
              sim.host("host")
                  .start(() -> {
                    try (var loop = EventLoop.open(config)) {
                      loop.schedule(Duration.ofMillis(5), loop::stop);
                      loop.run();
                    }
                  }));
      assertThat(report.virtualTime()).isBetween(Duration.ofMillis(5), Duration.ofMillis(6));
    }
  }

  // Sends one byte every 100 ms and fails in the seeds whose draw is low.
  private static void sometimesFails(Simulation sim) {
    SimHost host = sim.host("host");
    boolean fails = sim.chance(0.2);
    host.start(() -> {
      runFor(sim.between(Duration.ZERO, Duration.ofSeconds(1)));
      if (fails) {
        throw new IllegalStateException("planned");
      }
    });
  }

  @Test
  void failureTellsSeedTimeStepsAndHowToSeeItAgain() {
    SimFailure found = failure(Simulation.seeds(100), SimulationTest::sometimesFails);
    assertThat(found)
        .hasMessageContaining("seed 0x" + Long.toHexString(found.seed()) + " of 100 fails after PT")
        .hasMessageContaining("run twice: the same again")
        .hasMessageContaining("java.lang.IllegalStateException: planned")
        .hasMessageContaining("epoll_wait")
        .hasMessageContaining("replay: -Dmill.sim.seed=0x" + Long.toHexString(found.seed()))
        .hasCauseInstanceOf(IllegalStateException.class);
    assertThat(found.virtualTime()).isBetween(Duration.ZERO, Duration.ofSeconds(2));
    assertThat(found.lastSteps()).isNotEmpty();
  }

  @Test
  void seedOfTheReplayLineFailsTheSameWay(@TempDir Path folder) throws IOException {
    SimFailure found = failure(Simulation.seeds(100), SimulationTest::sometimesFails);
    System.setProperty(SEED, "0x" + Long.toHexString(found.seed()));
    System.setProperty(TRACE, folder.resolve("steps").toString());
    SimFailure again = failure(Simulation.seeds(100), SimulationTest::sometimesFails);
    assertThat(again.seed()).isEqualTo(found.seed());
    assertThat(again.traceHash()).isEqualTo(found.traceHash());
    assertThat(Files.readString(folder.resolve("steps")))
        .contains(found.lastSteps().getLast() + System.lineSeparator());
  }

  @Test
  void propertySaysHowManySeeds() {
    System.setProperty(SEEDS, "7");
    assertThat(
            Simulation.seeds(100)
                .run(sim -> sim.host("a").start(() -> runFor(Duration.ofMillis(1))))
                .seeds())
        .isEqualTo(7);
    System.setProperty(SEEDS, "many");
    assertThatThrownBy(() -> Simulation.seeds(1).run(sim -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("-Dmill.sim.seeds=many is no number: 17, or 0x11");
  }

  @Test
  void whatDependsOnMoreThanTheSeedIsSaidSo() {
    var runs = new int[1];
    SimFailure found =
        failure(sim -> {
          Duration time = Duration.ofMillis(++runs[0]);
          sim.host("a")
              .start(() -> {
                runFor(time);
                throw new IllegalStateException("planned");
              });
        });
    assertThat(found).hasMessageContaining("run twice, and NOT the same");
  }

  @Test
  void scenarioThatRunsNothingFails() {
    assertThatThrownBy(() -> run(sim -> sim.host("idle")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("there is nothing to run");
  }

  @Test
  void whatNeverHappenedAndWasExpectedFails() {
    Scenario quiet = sim -> sim.host("a").start(() -> runFor(Duration.ofMillis(1)));
    assertThatThrownBy(() -> Simulation.seeds(3).expect("an earthquake").run(quiet))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("in 3 seeds this never happened: [an earthquake]");
  }

  @Test
  void whatAHandlerThrowsFailsTheSimulationUnlessItIsAnIoException() {
    assertThat(failure(sim -> throwing(sim, new AssertionError("planned"))))
        .hasCauseInstanceOf(AssertionError.class)
        .hasMessageContaining("planned");
    run(sim -> throwing(sim, new IOException("planned")));
    Simulation.seeds(1)
        .tolerate(IllegalStateException.class::isInstance)
        .run(sim -> throwing(sim, new IllegalStateException("planned")));
  }

  private static void throwing(Simulation sim, Throwable thrown) {
    sim.host("a")
        .start(() -> {
          try (var loop = EventLoop.open();
              var socket = UdpSocket.bind(new InetSocketAddress(0))) {
            loop.register(
                socket,
                Interest.WRITABLE,
                (registration, readiness) -> {
                  loop.schedule(Duration.ofMillis(1), loop::stop);
                  SimulationTest.<Exception>sneak(thrown);
                });
            loop.run();
          }
        });
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }

  @Test
  void loopThatWaitsForNobodyIsADeadlock() {
    SimFailure found =
        failure(sim ->
            sim.host("a")
                .start(() -> {
                  try (var loop = EventLoop.open()) {
                    loop.run();
                  }
                }));
    assertThat(found)
        .hasMessageContaining("deadlock at PT")
        .hasMessageContaining("a/main waits")
        .hasMessageContaining("mill.core.EventLoop.run");
  }

  @Test
  void whatDoesNotFinishFailsAtTheLimit() {
    Scenario endless =
        sim ->
            sim.host("a")
                .start(() -> {
                  try (var loop = EventLoop.open()) {
                    loop.scheduleAtFixedRate(
                        Duration.ofSeconds(1), Duration.ofSeconds(1), () -> {});
                    loop.run();
                  }
                });
    assertThat(failure(Simulation.seeds(1).limit(Duration.ofMinutes(5)), endless))
        .hasMessageContaining("not finished at PT5M");
  }

  @Test
  void crashedHostSaysNothingAndItsPeerHearsOfItWhenItSends() {
    var seen = new ArrayList<String>();
    run(sim -> {
      SimHost server = sim.host("server");
      server.serve(() -> readForever());
      sim.host("client").start(() -> sendOften(server.address(PORT), sim, seen));
      sim.after(
          Duration.ofSeconds(2),
          () -> {
            server.crash();
            seen.add("crash, running: " + server.isRunning());
          });
      sim.after(Duration.ofSeconds(4), server::restart);
    });
    assertThat(seen).first().isEqualTo("crash, running: true");
    assertThat(seen).last().asString().startsWith("heard at PT4.").contains("ECONNRESET");
  }

  private static void readForever() throws IOException {
    MemorySegment buffer = Arena.ofAuto().allocate(64);
    try (var loop = EventLoop.open();
        var listener = TcpListener.bind(new InetSocketAddress(PORT))) {
      loop.register(
          listener,
          Interest.READABLE,
          (accepting, ready) -> {
            TcpStream stream = listener.accept();
            if (stream != null) {
              loop.register(stream, Interest.READABLE, (reading, bytes) -> stream.read(buffer));
            }
          });
      loop.run();
    }
  }

  private static void sendOften(InetSocketAddress to, Simulation sim, List<String> seen)
      throws IOException {
    MemorySegment buffer = Arena.ofAuto().allocate(64);
    try (var loop = EventLoop.open();
        TcpStream stream = TcpStream.connect(to)) {
      loop.register(
          stream,
          Interest.READABLE,
          (Registration registration, mill.natives.Readiness ready) -> {
            try {
              stream.read(buffer);
            } catch (IOException e) {
              seen.add("heard at " + sim.now() + ": " + e.getMessage());
              loop.stop();
            }
          });
      loop.scheduleWithFixedDelay(
          Duration.ofMillis(100),
          Duration.ofMillis(100),
          () -> {
            try {
              if (stream.isConnected() || stream.finishConnect()) {
                stream.write(buffer, 0, 1);
              }
            } catch (IOException e) {
              seen.add("heard at " + sim.now() + ": " + e.getMessage());
              loop.stop();
            }
          });
      loop.run();
    }
  }

  @Test
  void clockOfAHostIsItsOwn() {
    var passed = new long[2];
    var shown = new long[2];
    run(sim -> {
      SimHost fast = sim.host("fast");
      fast.skewClock(100_000); // a tenth
      SimHost jumping = sim.host("jumping");
      for (SimHost host : List.of(fast, jumping)) {
        int place = host == fast ? 0 : 1;
        host.start(() -> {
          long startNs = CurrentPlatform.get().nanoTime();
          Duration begun = sim.now();
          runFor(Duration.ofSeconds(11));
          passed[place] = sim.now().minus(begun).toNanos();
          shown[place] = CurrentPlatform.get().nanoTime() - startNs;
        });
      }
      sim.after(Duration.ofSeconds(1), () -> jumping.jumpClock(Duration.ofSeconds(5)));
    });
    assertThat(passed[0]).isBetween(9_990_000_000L, 10_100_000_000L);
    assertThat(shown[0]).isBetween(11_000_000_000L, 11_100_000_000L);
    assertThat(passed[1]).isBetween(11_000_000_000L, 11_100_000_000L);
    assertThat(shown[1]).isBetween(16_000_000_000L, 16_100_000_000L);
  }

  @Test
  void hostWithoutDescriptorsSaysSo() {
    run(sim -> {
      SimHost host = sim.host("a");
      host.descriptors(4);
      host.start(() -> {
        try (var first = UdpSocket.bind(new InetSocketAddress(0))) {
          assertThat(first.isOpen()).isTrue();
          assertThatThrownBy(() -> UdpSocket.bind(new InetSocketAddress(0)))
              .hasMessageContaining("EMFILE");
        }
      });
    });
  }

  @Test
  void plannedCallFails() {
    Scenario twice =
        sim ->
            sim.host("a")
                .start(() -> {
                  UdpSocket.bind(new InetSocketAddress(0)).close();
                  UdpSocket.bind(new InetSocketAddress(0)).close();
                });
    Faults second = Faults.none().nth("bind", 2, "EADDRINUSE");
    assertThat(failure(Simulation.seeds(1).faults(second), twice))
        .hasMessageContaining("EADDRINUSE");
    assertThatThrownBy(() -> Faults.none().nth("frobnicate", 1, "EIO"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("frobnicate");
    assertThatThrownBy(() -> Faults.none().with(FaultKind.SHORT_READ, 1.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 to 1");
  }

  @Test
  void groupsWorkersPoolsAndLimitersRunInTheWorldsTime() {
    run(sim ->
        sim.host("a")
            .start(() -> {
              var done = new ArrayList<String>();
              var config = LoopGroupConfig.builder().loops(2).name("g").build();
              try (var group = EventLoopGroup.open(config).start();
                  var pool =
                      ComputePool.open(ComputePoolConfig.builder().threads(2).name("p").build())) {
                group.next().schedule(Duration.ofMinutes(30), () -> done.add("timer"));
                var _ = pool.submit(() -> done.add("task"));
                RateLimiter limiter = RateLimiter.perSecond(1, 1);
                assertThat(limiter.tryAcquireAll(1)).isTrue();
                assertThat(limiter.tryAcquireAll(1)).isFalse();
                runFor(Duration.ofMinutes(40));
                assertThat(limiter.tryAcquireAll(1)).isTrue();
              }
              assertThat(done).containsExactlyInAnyOrder("timer", "task");
            }));
  }

  @Test
  void socketFromOutsideIsRefusedInAndOneFromInsideOut() throws IOException {
    var escaped = new TcpListener[1];
    run(sim ->
        sim.host("a")
            .start(() -> {
              escaped[0] = TcpListener.bind(new InetSocketAddress(PORT));
              runFor(Duration.ofMillis(1));
            }));
    assertThatThrownBy(() -> escaped[0].accept())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not a thread of the simulation");
  }

  @Test
  void noThreadIsLeft() {
    var made = new ArrayList<Thread>();
    Simulation.seeds(20)
        .run(sim -> {
          sim.host("server")
              .serve(() -> {
                made.add(Thread.currentThread());
                readForever();
              });
          SimHost client = sim.host("client");
          client.start(() -> {
            made.add(Thread.currentThread());
            client.executor().execute(() -> made.add(Thread.currentThread()));
            runFor(Duration.ofMillis(10));
          });
        });
    assertThat(made).hasSize(60);
    for (Thread thread : made) {
      while (thread.isAlive()) {
        LockSupport.parkNanos(1_000);
      }
    }
  }

  @Test
  void drawsAreTheSeedsAndStayInTheirBounds() {
    var drawn = new ArrayList<Long>();
    Scenario drawing =
        sim -> {
          LongStream.range(0, 100).forEach(i -> drawn.add(sim.between(-5L, 5L)));
          assertThat(sim.between(3L, 3L)).isEqualTo(3);
          assertThatThrownBy(() -> sim.between(3L, 2L))
              .isInstanceOf(IllegalArgumentException.class);
          sim.after(Duration.ZERO, () -> {});
        };
    run(drawing);
    assertThat(drawn).hasSize(100).allMatch(value -> value >= -5 && value < 5).contains(-5L, 4L);
    List<Long> first = List.copyOf(drawn);
    drawn.clear();
    run(drawing);
    assertThat(drawn).isEqualTo(first);
  }

  @Test
  void bytesOfAStreamKeepTheirOrderUnderEveryFault() {
    Simulation.seeds(200)
        .run(sim -> {
          SimHost server = sim.host("server");
          SimHost client = sim.host("client");
          server.serve(() -> countUp(sim));
          client.start(() -> sendCount(server.address(PORT)));
        });
  }

  private static void countUp(Simulation sim) throws IOException {
    try (var loop = EventLoop.open();
        var listener = TcpListener.bind(new InetSocketAddress(PORT))) {
      MemorySegment buffer = Arena.ofAuto().allocate(64);
      loop.register(
          listener,
          Interest.READABLE,
          (accepting, ready) -> {
            TcpStream stream;
            try {
              stream = listener.accept();
            } catch (IOException e) {
              return;
            }
            if (stream != null) {
              var next = new int[1];
              loop.register(
                  stream,
                  Interest.READABLE,
                  (reading, bytes) -> {
                    int read = stream.read(buffer);
                    for (int i = 0; i < read; i++) {
                      if (buffer.get(ValueLayout.JAVA_BYTE, i) != (byte) next[0]++) {
                        sim.fail(new AssertionError("byte " + (next[0] - 1) + " is another"));
                      }
                    }
                    if (read < 0) {
                      reading.close();
                    }
                  });
            }
          });
      loop.run();
    }
  }

  private static void sendCount(InetSocketAddress to) throws IOException {
    try (var loop = EventLoop.open();
        TcpStream stream = TcpStream.connect(to)) {
      MemorySegment buffer = Arena.ofAuto().allocate(1);
      var sent = new int[1];
      loop.register(
          stream,
          Interest.WRITABLE,
          new mill.core.EventHandler() {
            @Override
            public void onReady(Registration writing, mill.natives.Readiness ready)
                throws IOException {
              if (!stream.isConnected() && !stream.finishConnect()) {
                return;
              }
              buffer.set(ValueLayout.JAVA_BYTE, 0, (byte) sent[0]);
              sent[0] += Math.max(stream.write(buffer, 0, 1), 0);
              if (sent[0] == 500) {
                writing.close();
              }
            }

            @Override
            public void onClosed(Registration registration, mill.core.CloseReason reason) {
              loop.stop();
            }
          });
      loop.run();
    }
  }
}
