package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

/**
 * Promise 8, for a shutdown of real connections: what is reported as delivered has reached the
 * peers.
 */
class ShutdownDeliveryTest {
  private static final int CONNECTIONS = 40;
  private static final long BYTES_EACH = 8L << 20; // more than the kernel takes by itself

  /** Sends so many bytes, and closes once the loop shuts down and all are with the kernel. */
  private static final class Sender implements EventHandler {
    private final MemorySegment chunk;
    private final AtomicLong left = new AtomicLong(BYTES_EACH);
    private boolean ending;

    Sender(MemorySegment chunk) {
      this.chunk = chunk;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      int n = stream.write(chunk, 0, Math.min(left.get(), chunk.byteSize()));
      if (n > 0) {
        left.addAndGet(-n);
      }
      if (left.get() == 0) {
        registration.setInterest(Interest.NONE);
        closeIfDone(registration);
      }
    }

    @Override
    public void onShutdown(Registration registration) {
      ending = true;
      closeIfDone(registration);
    }

    @Override
    public long undeliveredBytes(Registration registration) {
      return left.get();
    }

    private void closeIfDone(Registration registration) {
      if (ending && left.get() == 0) {
        registration.close();
      }
    }
  }

  @Test
  void deliveredAndReportedAreWhatWasSubmitted() throws Exception {
    try (Arena arena = Arena.ofShared();
        EventLoop loop = EventLoop.open()) {
      MemorySegment chunk = arena.allocate(64 << 10);
      List<Net.TcpPair> pairs = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        Net.TcpPair pair = Net.tcpPair();
        pairs.add(pair);
        loop.register(pair.server(), Interest.WRITABLE, new Sender(chunk));
      }
      LoopRunner runner = LoopRunner.startAndAwait(loop);
      // Half of the peers read; the other half never does, so the time runs out for them once the
      // readers are done and the second call hurries.
      List<TcpStream> readers =
          pairs.stream().limit(CONNECTIONS / 2).map(Net.TcpPair::client).toList();
      var stage = loop.shutdown(Duration.ofMinutes(1));
      long received = readAll(readers);
      ShutdownReport report = Await.outcomeOf(loop.shutdown(Duration.ZERO));
      assertThat(Await.outcomeOf(stage)).isSameAs(report);
      runner.join();

      assertThat(received).isEqualTo(CONNECTIONS / 2 * BYTES_EACH);
      assertThat(report.ended()).isEqualTo(CONNECTIONS / 2);
      assertThat(report.forced()).isEqualTo(CONNECTIONS - CONNECTIONS / 2);
      long handedOver = 0; // to the kernel, for those who did not read
      for (ShutdownReport.Undelivered one : report.undelivered()) {
        assertThat(one.bytes()).isBetween(1L, BYTES_EACH);
        handedOver += BYTES_EACH - one.bytes();
      }
      assertThat(report.undelivered()).hasSize(CONNECTIONS - CONNECTIONS / 2);
      // Part of it may have gone before the shutdown began, and is not in the report.
      long submitted = CONNECTIONS * BYTES_EACH;
      assertThat(received + handedOver + report.undeliveredBytes()).isEqualTo(submitted);
      assertThat(report.queuedBytes()).isLessThanOrEqualTo(submitted);
      assertThat(report.deliveredBytes())
          .isEqualTo(report.queuedBytes() - report.undeliveredBytes())
          .isLessThanOrEqualTo(received + handedOver);
      pairs.forEach(Net.TcpPair::close);
    }
  }

  /** Reads the streams to their ends. */
  private static long readAll(List<TcpStream> streams) throws IOException {
    long received = 0;
    try (Arena arena = Arena.ofConfined();
        Poller poller = Poller.open()) {
      MemorySegment buffer = arena.allocate(64 << 10);
      var events = new ReadyEvents(streams.size());
      for (int i = 0; i < streams.size(); i++) {
        poller.register(streams.get(i), i, Interest.READABLE, Trigger.LEVEL);
      }
      int open = streams.size();
      long end = System.nanoTime() + Await.PATIENCE_NS;
      while (open > 0) {
        if (poller.poll(events, Await.PATIENCE_NS) == 0 && System.nanoTime() - end > 0) {
          throw new AssertionError(open + " streams have not ended");
        }
        for (int i = 0; i < events.size(); i++) {
          TcpStream stream = streams.get((int) events.token(i));
          int n = stream.read(buffer);
          if (n == IoStatus.END_OF_STREAM) {
            poller.deregister(stream);
            open--;
          }
          received += Math.max(n, 0);
        }
      }
    }
    return received;
  }
}
