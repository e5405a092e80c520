package mill.bench.jmh;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mill.core.ShutdownReport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Shuts down a loop that runs, with {@link #PIPES} descriptors registered, gracefully where the
 * library knows that: until its thread has ended and everything is given back, the descriptors too.
 * Every handler is ready to end, so what is measured is the way there. Each invocation has a loop
 * of its own, made outside of what is measured.
 *
 * <p>All do the same there: each of the descriptors is closed, by the handler (mill), by the loop
 * (Netty, through its handle) or by whoever has stopped it (nio), and the thread is joined.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class ShutdownLoop {
  private static final int PIPES = 64;

  /** The descriptors; the subclasses are loops. */
  @State(Scope.Thread)
  public abstract static class Subject {
    ReadyPipes pipes;

    abstract void start() throws Exception;

    abstract Object shutdown() throws Exception;

    @Setup(Level.Invocation)
    public void setUp() throws Exception {
      pipes = new ReadyPipes(PIPES, null);
      start();
    }

    @TearDown(Level.Invocation)
    public void tearDown() throws IOException {
      pipes.close();
    }
  }

  /** mill: listeners first, every handler asked, a report. */
  public static class Mill extends Subject {
    private MillLoop loop;

    @Override
    void start() throws IOException, InterruptedException {
      loop = new MillLoop();
      pipes.register(loop.loop());
      var running = new CountDownLatch(1);
      loop.loop().execute(running::countDown);
      loop.start();
      running.await(); // one that does not run yet would be closed by the caller
    }

    @Override
    ShutdownReport shutdown() throws InterruptedException {
      ShutdownReport report =
          loop.loop().shutdown(Duration.ofSeconds(10)).toCompletableFuture().join();
      loop.close();
      if (report.ended() != PIPES) {
        throw new IllegalStateException("not all have ended by themselves: " + report);
      }
      return report;
    }
  }

  /** A loop around a selector, which just closes everything. */
  public static class Nio extends Subject {
    private NioLoop loop;

    @Override
    void start() throws IOException {
      loop = new NioLoop();
      pipes.register(loop);
      loop.start();
    }

    @Override
    Object shutdown() throws IOException, InterruptedException {
      loop.close();
      return loop;
    }
  }

  /** Netty's loop, without its quiet period. */
  public static class Netty extends Subject {
    private NettyLoop loop;
    private Thread thread;

    @Override
    void start() throws Exception {
      loop = new NettyLoop();
      pipes.register(loop.loop());
      thread = loop.loop().submit(Thread::currentThread).get();
    }

    @Override
    Object shutdown() throws InterruptedException {
      loop.close();
      thread.join(); // it tells its end before it has ended
      return loop;
    }
  }

  @Benchmark
  public Object mill(Mill subject) throws Exception {
    return subject.shutdown();
  }

  @Benchmark
  public Object nio(Nio subject) throws Exception {
    return subject.shutdown();
  }

  @Benchmark
  public Object netty(Netty subject) throws Exception {
    return subject.shutdown();
  }
}
