package mill.bench.rate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.RateLimiter;
import mill.core.Registration;
import mill.core.Throttle;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads from a connection over loopback that always has more, held to a rate, and tells how far
 * from the rate it was over the whole time, how often the loop woke up, and how much processor time
 * its thread took.
 *
 * <p>Arguments: the seconds for each rate (10), then rates in bytes a second (10,000 to
 * 1,000,000,000 in steps of ten).
 */
public final class RateAccuracy {
  private static final int CHUNK_BYTES = 256 << 10;
  private static final int DEFAULT_SECONDS = 10;
  private static final List<Long> DEFAULT_RATES =
      List.of(10_000L, 100_000L, 1_000_000L, 10_000_000L, 100_000_000L, 1_000_000_000L);

  /** What one rate came to. */
  private record Outcome(long bytes, long elapsedNs, long calls, long cpuNs) {}

  private RateAccuracy() {}

  /**
   * Measures and prints one line for each rate.
   *
   * @param arguments seconds and rates
   */
  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length == 0 ? DEFAULT_SECONDS : Integer.parseInt(arguments[0]);
    List<Long> rates = new ArrayList<>();
    for (int i = 1; i < arguments.length; i++) {
      rates.add(Long.parseLong(arguments[i]));
    }
    System.out.println("| bytes/s | measured | error | handler calls/s | loop's CPU |");
    System.out.println("|--:|--:|--:|--:|--:|");
    for (long rate : rates.isEmpty() ? DEFAULT_RATES : rates) {
      Outcome outcome = measure(rate, Duration.ofSeconds(seconds));
      double elapsedSeconds = outcome.elapsedNs / 1e9;
      double measured = outcome.bytes / elapsedSeconds;
      System.out.println(
          String.format(
              Locale.ROOT,
              "| %,d | %,.0f | %+.3f %% | %,.1f | %.2f %% |",
              rate,
              measured,
              100 * (measured / rate - 1),
              outcome.calls / elapsedSeconds,
              100.0 * outcome.cpuNs / outcome.elapsedNs));
    }
  }

  private static Outcome measure(long rate, Duration time) throws Exception {
    try (Arena arena = Arena.ofShared();
        EventLoop receiving = EventLoop.open();
        EventLoop sending = EventLoop.open();
        TcpListener listener =
            TcpListener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      TcpStream client = TcpStream.connect(listener.localAddress());
      sending.register(client, Interest.WRITABLE, new Source(arena.allocate(CHUNK_BYTES)));
      var reader = new Reader(rate, time, arena.allocate(CHUNK_BYTES));
      receiving.register(
          listener,
          Interest.READABLE,
          (accepting, readiness) -> {
            TcpStream stream = listener.accept();
            if (stream != null) {
              accepting.close();
              reader.start(receiving.register(stream, Interest.READABLE, reader));
            }
          });
      Thread sender = Thread.ofPlatform().name("sender").start(() -> run(sending));
      receiving.run();
      sending.stop();
      sender.join();
      return reader.outcome();
    }
  }

  private static void run(EventLoop loop) {
    try {
      loop.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes as much as is taken. */
  private record Source(MemorySegment chunk) implements EventHandler {
    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (stream.finishConnect()) {
        stream.write(chunk);
      }
    }
  }

  /** Reads what is permitted, until the time is over. */
  private static final class Reader implements EventHandler {
    private final long rate;
    private final Duration time;
    private final MemorySegment chunk;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private @Nullable Throttle throttle;
    private long startNs;
    private long startCpuNs;
    private long bytes;
    private long calls;
    private @Nullable Outcome outcome;

    Reader(long rate, Duration time, MemorySegment chunk) {
      this.rate = rate;
      this.time = time;
      this.chunk = chunk;
    }

    void start(Registration registration) {
      throttle = registration.throttle(Interest.READABLE, RateLimiter.perSecond(rate));
      startNs = System.nanoTime();
      startCpuNs = threads.getCurrentThreadCpuTime();
      registration.loop().schedule(time, () -> end(registration));
    }

    private void end(Registration registration) {
      long elapsedNs = System.nanoTime() - startNs;
      outcome =
          new Outcome(bytes, elapsedNs, calls, threads.getCurrentThreadCpuTime() - startCpuNs);
      registration.loop().stop();
    }

    Outcome outcome() {
      if (outcome == null) {
        throw new IllegalStateException("the time never ended");
      }
      return outcome;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      if (throttle == null) {
        return; // not accepted to its end yet
      }
      calls++;
      long permitted = throttle.permit(chunk.byteSize());
      if (permitted == 0) {
        return;
      }
      int n = ((TcpStream) registration.pollable()).read(chunk, 0, permitted);
      if (n == IoStatus.END_OF_STREAM) {
        throw new IOException("the sender has closed the connection");
      }
      throttle.giveBack(permitted - Math.max(0, n));
      bytes += Math.max(0, n);
    }
  }
}
