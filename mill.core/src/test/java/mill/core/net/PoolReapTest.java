package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.DataInputStream;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mill.testing.Await;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A pool of very many connections. */
class PoolReapTest {
  private static final int MANY = 10_000;
  private static final int AT_A_TIME = 500; // as many as wait to be accepted

  /** Counts what it hears of. */
  private static final class Counter implements ConnectionHandler {
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger givenBack = new AtomicInteger();

    @Override
    public void onOpen(Connection c) {
      opened.incrementAndGet();
    }

    @Override
    public void onFrame(Connection c, MemorySegment m, long offset, long length) {}

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      if (cause.kind() == CloseCause.Kind.HANDED_OVER) {
        givenBack.incrementAndGet();
      }
    }
  }

  // The server is another process's: one has not so many descriptors.
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "so many connections take minutes under Wine")
  @Timeout(300) // each step is bounded: it has much to do
  void tenThousandAreHeldAndWhenTheyAreIdleTheyGoAndLeaveNothing() throws Exception {
    var here = InetAddress.getLoopbackAddress();
    try (var control = new ServerSocket(0, 1, here)) {
      String port = Integer.toString(control.getLocalPort());
      var child =
          Await.inBackground("server", () -> ChildJvm.of(PoolPeers.class).working().run(port));
      try (var socket = control.accept();
          var loops = Loops.start()) {
        int target = new DataInputStream(socket.getInputStream()).readInt();
        holdAndReap(loops, new InetSocketAddress(here, target));
      }
      assertThat(Await.outcome(child).exitCode()).as("%s", child).isZero();
    }
  }

  private static void holdAndReap(Loops loops, InetSocketAddress target) throws Exception {
    var config =
        ConnectionPoolConfig.defaults()
            .maxConnections(MANY, MANY)
            .idleTimeout(Duration.ofMillis(500));
    long timers = loops.loop.metrics().timers().live();
    try (var pool = ConnectionPool.open(loops.loop, config)) {
      var heard = new Counter();
      List<Lease> leases = new ArrayList<>();
      while (leases.size() < MANY) {
        for (int i = 0; i < AT_A_TIME; i++) {
          leases.add(pool.lease(target, heard));
        }
        Await.eventually(
            "they are lent, or cannot be",
            () -> heard.opened.get() == leases.size() || pool.metrics().connectFailures() > 0);
        if (pool.metrics().connectFailures() > 0) {
          abort("no room for so many connections here: " + pool);
        }
      }
      assertThat(pool.metrics().leased()).isEqualTo(MANY);
      assertThat(loops.loop.metrics().registrations()).isEqualTo(MANY);
      assertThat(loops.call(() -> loops.connections().blocks.lentBytes()))
          .as("nothing but what is kept for the next read")
          .isLessThanOrEqualTo(Blocks.LARGE);

      leases.forEach(Lease::release);

      Await.eventually("all have heard", () -> heard.givenBack.get() == MANY);
      Await.eventually("they have gone", () -> pool.metrics().places() == 0);
      assertThat(pool.metrics().expired()).isEqualTo(MANY);
      assertThat(loops.loop.metrics().registrations()).isZero();
    }
    Await.eventually("timers", () -> loops.loop.metrics().timers().live() == timers);
  }
}
