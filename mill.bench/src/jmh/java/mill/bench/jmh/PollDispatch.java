package mill.bench.jmh;

import io.netty.channel.ManualIoEventLoop;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The metal: one poll that does not wait and finds n descriptors ready, and a call to each one's
 * handler, all in the benchmark's thread.
 *
 * <p>mill: {@link Poller#poll} and an array of handlers by token. java.nio: {@code
 * selectNow(Consumer)} and the handler as attachment. Netty: {@link ManualIoEventLoop#runNow(long)}
 * with I/O only, its public way to turn an epoll loop on the caller's thread, and the bare
 * descriptors as {@code EpollIoHandle}s; no channel, no pipeline. For whole turns of real loops see
 * {@link LoopTurn}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class PollDispatch {
  /** Pipes that are ready in every poll. */
  @State(Scope.Thread)
  public abstract static class Subject {
    /** How many descriptors are ready. */
    @Param({"1", "16", "256"})
    public int n;

    ReadyPipes pipes;
    ReadyPipes.Counter[] counters;

    abstract void open() throws Exception;

    abstract void closeLoop() throws Exception;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      pipes = new ReadyPipes(n, null);
      counters = pipes.counters();
      open();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      closeLoop();
      pipes.close();
    }

    final long count() {
      return counters[0].count();
    }
  }

  /** A bare poller of mill. */
  public static class Mill extends Subject {
    private Poller poller;
    private ReadyEvents events;

    @Override
    void open() throws IOException {
      poller = Poller.open();
      events = new ReadyEvents(512);
      pipes.register(poller);
    }

    @Override
    void closeLoop() {
      poller.close();
    }
  }

  /** A bare selector. */
  public static class Nio extends Subject {
    private final Consumer<SelectionKey> dispatch = Nio::dispatch;
    private Selector selector;

    @Override
    void open() throws IOException {
      selector = Selector.open();
      pipes.register(selector);
    }

    @Override
    void closeLoop() throws IOException {
      selector.close();
    }

    private static void dispatch(SelectionKey key) {
      ((ReadyPipes.Counter) key.attachment()).onReady();
    }
  }

  /** A loop of Netty's that the benchmark's thread turns. */
  public static class Netty extends Subject {
    private ManualIoEventLoop loop;

    @Override
    void open() throws Exception {
      loop = NettyLoop.manual();
      pipes.register(loop);
    }

    @Override
    void closeLoop() {
      NettyLoop.close(loop);
    }
  }

  @Benchmark
  public long mill(Mill subject) throws IOException {
    ReadyEvents events = subject.events;
    int found = subject.poller.poll(events, 0);
    for (int i = 0; i < found; i++) {
      subject.counters[(int) events.token(i)].onReady();
    }
    return subject.count();
  }

  @Benchmark
  public long nio(Nio subject) throws IOException {
    subject.selector.selectNow(subject.dispatch);
    return subject.count();
  }

  @Benchmark
  public long netty(Netty subject) {
    subject.loop.runNow(-1);
    return subject.count();
  }
}
