package mill.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.module.ModuleFinder;
import java.lang.reflect.Method;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.platform.NativeAddress;
import mill.testing.ChildJvm;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What is done for every event makes no garbage, once it is compiled. Each path has a JVM of its
 * own: what the compiler can do away with depends on what else has run.
 */
class SteadyStateAllocationTest {
  /** What is measured. */
  enum Path {
    POLL_READ_WRITE {
      @Override
      void measure() throws Exception {
        try (Watch watch = Watch.open();
            TcpPair tcp = Net.tcpPair();
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(128);
          watch.register(tcp.client(), 1, Interest.READABLE);
          watch.register(tcp.server(), 2, Interest.READABLE, Trigger.EDGE);
          Counter.requireNoGarbage(() -> {
            tcp.client().write(buffer, 0, 64);
            readWhenReady(watch, 2, tcp.server(), buffer, 0);
            tcp.server().write(buffer, 0, 64);
            readWhenReady(watch, 1, tcp.client(), buffer, 0);
          });
        }
      }
    },
    READ_WRITE_AT_AN_OFFSET {
      @Override
      void measure() throws Exception {
        try (TcpPair tcp = Net.tcpPair();
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(128);
          Counter.requireNoGarbage(() -> {
            tcp.client().write(buffer, 64, 64);
            tcp.client().write(buffer, 0, 64);
            tcp.server().read(buffer, 0, 32);
            tcp.server().read(buffer, 32, 96);
          });
        }
      }
    },
    WAKE {
      @Override
      void measure() throws Exception {
        try (Watch watch = Watch.open()) {
          Counter.requireNoGarbage(() -> {
            watch.poller.wake();
            watch.poller.poll(watch.events, 1_000_000);
          });
        }
      }
    },
    CHANGE {
      @Override
      void measure() throws Exception {
        try (Watch watch = Watch.open();
            TcpPair tcp = Net.tcpPair()) {
          watch.register(tcp.client(), 1, Interest.READABLE);
          Counter.requireNoGarbage(() -> {
            watch.poller.change(tcp.client(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
            watch.poller.change(tcp.client(), Interest.NONE, Trigger.LEVEL);
            watch.poller.change(tcp.client(), Interest.READABLE, Trigger.ONESHOT);
          });
        }
      }
    },
    VECTORS {
      @Override
      void measure() throws Exception {
        try (TcpPair tcp = Net.tcpPair();
            Arena arena = Arena.ofConfined()) {
          MemorySegment[] buffers = {arena.allocate(16), arena.allocate(0), arena.allocate(48)};
          Counter.requireNoGarbage(() -> {
            tcp.client().writev(buffers, 0, 3);
            tcp.server().readv(buffers, 0, 3);
          });
        }
      }
    },
    DATAGRAM_AND_ANSWER {
      @Override
      void measure() throws Exception {
        try (UdpSocket asks = UdpSocket.bind(Net.loopback());
            UdpSocket answers = UdpSocket.bind(Net.loopback());
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(64);
          var sender = new NativeAddress();
          asks.connect(answers.localAddress());
          Counter.requireNoGarbage(() -> {
            asks.send(buffer, 0, 64);
            answers.receiveFrom(buffer, 0, 64, sender);
            answers.sendTo(buffer, 0, 64, sender);
            asks.receive(buffer, 0, 64);
          });
        }
      }
    };

    abstract void measure() throws Exception;

    static void readWhenReady(
        Watch watch, long token, TcpStream stream, MemorySegment buffer, long offset)
        throws Exception {
      boolean arrived = false;
      while (!arrived) {
        watch.poller.poll(watch.events, Poller.FOREVER);
        for (int i = 0; i < watch.events.size(); i++) {
          arrived |= watch.events.token(i) == token && watch.events.readiness(i).isReadable();
        }
      }
      stream.read(buffer, offset, 64);
    }
  }

  @ParameterizedTest
  @EnumSource(Path.class)
  void steadyStateAllocatesNothing(Path path) throws Exception {
    assumeTrue(
        ModuleFinder.ofSystem().find("jdk.management").isPresent(),
        "this JDK has no module jdk.management, which counts allocations");
    ChildJvm.Outcome outcome =
        ChildJvm.of(Main.class)
            .with("--add-modules=jdk.management", "-XX:TieredStopAtLevel=4")
            .run(path.name());
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("no garbage");
  }

  /** Measures one path. */
  static final class Main {
    public static void main(String[] arguments) throws Exception {
      Path.valueOf(arguments[0]).measure();
      System.out.println("no garbage");
    }
  }

  /** Counts what the current thread allocates. */
  private static final class Counter {
    private static final int ITERATIONS = 5_000;
    private static final int MAX_WINDOWS = 100;

    private interface Iteration {
      void run() throws Exception;
    }

    // The first windows are interpreted and compiled; what allocates at each event does so in every
    // window. By reflection, since mill.natives reads java.base alone.
    static void requireNoGarbage(Iteration iteration) throws Exception {
      Object threads =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      Method allocated =
          Class.forName("com.sun.management.ThreadMXBean")
              .getMethod("getCurrentThreadAllocatedBytes");
      long fewest = Long.MAX_VALUE;
      // Reading the counter allocates a little itself.
      for (int window = 0; window < MAX_WINDOWS && fewest >= ITERATIONS; window++) {
        long before = (long) allocated.invoke(threads);
        for (int i = 0; i < ITERATIONS; i++) {
          iteration.run();
        }
        fewest = Math.min(fewest, (long) allocated.invoke(threads) - before);
      }
      if (fewest >= ITERATIONS) {
        throw new AssertionError(fewest + " bytes in " + ITERATIONS + " iterations");
      }
    }
  }
}
