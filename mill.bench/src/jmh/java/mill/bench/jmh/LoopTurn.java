package mill.bench.jmh;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import mill.core.LoopConfig;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One turn of a whole loop that finds n descriptors ready: poll, dispatch to n handlers, a look at
 * the tasks.
 *
 * <p>The loops run as users run them, each on its own thread and never stopped. The handler of the
 * first descriptor counts the turns and, when as many as {@link #TURNS} are over, holds the loop
 * until the next invocation ({@link TurnGate}). What the hand-over between the two threads costs is
 * the same for all and is shared by {@link #TURNS} turns: some 20 ns for each.
 *
 * <p>mill: {@code EventLoop.run()} with the defaults. java.nio: {@link NioLoop}. Netty: its own
 * thread's loop, bare descriptors as {@code EpollIoHandle}s; no channel, no pipeline, so it does no
 * more than the others.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class LoopTurn {
  /** How many turns one invocation makes. */
  public static final int TURNS = 4096;

  /** Pipes that are ready in every turn, and the gate at the first of them. */
  @State(Scope.Thread)
  public abstract static class Subject {
    /** How many descriptors are ready. */
    @Param({"1", "16", "256"})
    public int n;

    final TurnGate gate = new TurnGate();
    ReadyPipes pipes;

    abstract void start() throws Exception;

    abstract void stop() throws Exception;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      pipes = new ReadyPipes(n, gate);
      start();
      gate.awaitHeld();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      gate.open();
      stop();
      pipes.close();
    }

    final long turns() {
      gate.run(TURNS);
      return pipes.counters()[0].count();
    }
  }

  /** mill's loop. */
  public static class Mill extends Subject {
    private MillLoop loop;

    LoopConfig config() {
      return LoopConfig.defaults();
    }

    @Override
    void start() throws IOException {
      loop = new MillLoop(config());
      pipes.register(loop.loop());
      loop.start();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  /** A loop around a selector. */
  public static class Nio extends Subject {
    private NioLoop loop;

    @Override
    void start() throws IOException {
      loop = new NioLoop();
      pipes.register(loop);
      loop.start();
    }

    @Override
    void stop() throws IOException, InterruptedException {
      loop.close();
    }
  }

  /** Netty's loop. */
  public static class Netty extends Subject {
    private NettyLoop loop;

    @Override
    void start() throws Exception {
      loop = new NettyLoop();
      // On the loop's thread, so that the first event, which holds it, cannot come before all are
      // registered.
      loop.loop()
          .submit(() -> {
            pipes.register(loop.loop());
            return null;
          })
          .sync();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long mill(Mill subject) {
    return subject.turns();
  }

  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long nio(Nio subject) {
    return subject.turns();
  }

  @Benchmark
  @OperationsPerInvocation(TURNS)
  public long netty(Netty subject) {
    return subject.turns();
  }
}
