package mill.bench.jmh;

import io.netty.util.HashedWheelTimer;
import io.netty.util.TimerTask;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.core.Timeout;
import org.agrona.DeadlineTimerWheel;
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
 * Changes timers while {@code live} others are scheduled, on the thread that the timers belong to.
 *
 * <ul>
 *   <li>{@code scheduleCancel}: one more is scheduled, for some time in the next 30 s, and
 *       cancelled.
 *   <li>{@code reschedule}: one of the live ones, any of them, is put off; what a connection's idle
 *       timeout does at each message.
 * </ul>
 *
 * <p>The live timers are due in one to two minutes, spread evenly: none comes up meanwhile.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "-Xmx3g")
public class TimerChange {
  /** How many changes one invocation makes. */
  public static final int CHANGES = 10_000;

  private static final int DELAYS = 1 << 14;
  private static final long MAX_DELAY_NS = TimeUnit.SECONDS.toNanos(30);
  private static final long LIVE_FROM_NS = TimeUnit.MINUTES.toNanos(1);

  // The wheels of the others: a tick is about a millisecond, a turn about half a minute.
  private static final int TICKS = 1 << 15;

  /** What is done to the timers. */
  public enum Change {
    SCHEDULE_CANCEL,
    RESCHEDULE
  }

  /** The live timers; the subclasses are the libraries. */
  @State(Scope.Thread)
  public abstract static class Subject {
    /** How many timers are scheduled all the time. */
    @Param("1000000")
    public int live;

    /** What one operation is. */
    @Param({"SCHEDULE_CANCEL", "RESCHEDULE"})
    public Change change;

    final Runnable task = () -> {};
    private final long[] delaysNs = new long[DELAYS];
    private final int[] indexes = new int[DELAYS];
    private int at;

    abstract void start() throws Exception;

    abstract void schedule(int index, long delayNs);

    abstract void reschedule(int index, long delayNs);

    abstract void scheduleCancel(long delayNs);

    abstract void stop() throws Exception;

    /** Does it on the thread that the timers belong to. */
    void onOwnThread(Runnable work) {
      work.run();
    }

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      var random = new SplittableRandom(42);
      for (int i = 0; i < DELAYS; i++) {
        delaysNs[i] = random.nextLong(MAX_DELAY_NS);
        indexes[i] = random.nextInt(live);
      }
      start();
      onOwnThread(() -> {
        for (int i = 0; i < live; i++) {
          schedule(i, LIVE_FROM_NS + random.nextLong(LIVE_FROM_NS));
        }
      });
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      stop();
    }

    final int changes() {
      onOwnThread(change == Change.RESCHEDULE ? this::rescheduleMany : this::scheduleCancelMany);
      return at;
    }

    private void rescheduleMany() {
      for (int i = 0; i < CHANGES; i++) {
        int next = at++ & (DELAYS - 1);
        // Not the same timers in each round.
        int index = (int) (((long) indexes[next] + at) % live);
        reschedule(index, LIVE_FROM_NS + delaysNs[next]);
      }
    }

    private void scheduleCancelMany() {
      for (int i = 0; i < CHANGES; i++) {
        scheduleCancel(delaysNs[at++ & (DELAYS - 1)]);
      }
    }
  }

  /** mill, one handle used again and again. */
  public static class Mill extends Subject {
    private MillLoop loop;
    private Timeout[] timeouts;
    private Timeout one;
    private volatile int done;
    private int asked;

    @Override
    void start() throws IOException {
      loop = new MillLoop();
      loop.start();
      timeouts = new Timeout[live];
      one = loop.loop().newTimeout(task);
    }

    EventLoop loop() {
      return loop.loop();
    }

    @Override
    void onOwnThread(Runnable work) {
      int question = ++asked;
      loop.loop()
          .execute(() -> {
            work.run();
            done = question;
          });
      while (done != question) {
        Thread.onSpinWait();
      }
    }

    @Override
    void schedule(int index, long delayNs) {
      timeouts[index] = loop.loop().schedule(Duration.ofNanos(delayNs), task);
    }

    @Override
    void reschedule(int index, long delayNs) {
      timeouts[index].rescheduleNs(delayNs);
    }

    @Override
    void scheduleCancel(long delayNs) {
      one.rescheduleNs(delayNs);
      one.cancel();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close();
    }
  }

  /** mill, a new timer each time. */
  public static class MillNew extends Mill {
    @Override
    void scheduleCancel(long delayNs) {
      loop().schedule(Duration.ofNanos(delayNs), task).cancel();
    }
  }

  /** Netty's timer, which has a thread of its own. */
  public static class Netty extends Subject {
    private final TimerTask nettyTask = timeout -> {};
    private HashedWheelTimer timer;
    private io.netty.util.Timeout[] timeouts;

    @Override
    void start() {
      timer = new HashedWheelTimer(1, TimeUnit.MILLISECONDS, TICKS);
      timer.start();
      timeouts = new io.netty.util.Timeout[live];
    }

    @Override
    void schedule(int index, long delayNs) {
      timeouts[index] = timer.newTimeout(nettyTask, delayNs, TimeUnit.NANOSECONDS);
    }

    @Override
    void reschedule(int index, long delayNs) {
      timeouts[index].cancel();
      schedule(index, delayNs);
    }

    @Override
    void scheduleCancel(long delayNs) {
      timer.newTimeout(nettyTask, delayNs, TimeUnit.NANOSECONDS).cancel();
    }

    @Override
    void stop() {
      timer.stop();
    }
  }

  /** The JDK's, with a heap. */
  public static class Jdk extends Subject {
    private ScheduledThreadPoolExecutor executor;
    private ScheduledFuture<?>[] futures;

    @Override
    void start() {
      executor = new ScheduledThreadPoolExecutor(1);
      executor.setRemoveOnCancelPolicy(true);
      futures = new ScheduledFuture<?>[live];
    }

    @Override
    void schedule(int index, long delayNs) {
      futures[index] = executor.schedule(task, delayNs, TimeUnit.NANOSECONDS);
    }

    @Override
    void reschedule(int index, long delayNs) {
      futures[index].cancel(false);
      schedule(index, delayNs);
    }

    @Override
    void scheduleCancel(long delayNs) {
      executor.schedule(task, delayNs, TimeUnit.NANOSECONDS).cancel(false);
    }

    @Override
    void stop() {
      executor.shutdownNow();
    }
  }

  /** Agrona's, which is told deadlines: the clock is read for each, as all the others do. */
  public static class Agrona extends Subject {
    private DeadlineTimerWheel wheel;
    private long[] ids;

    @Override
    void start() {
      wheel = new DeadlineTimerWheel(TimeUnit.NANOSECONDS, System.nanoTime(), 1 << 20, TICKS);
      ids = new long[live];
    }

    long nowNs() {
      return System.nanoTime();
    }

    @Override
    void schedule(int index, long delayNs) {
      ids[index] = wheel.scheduleTimer(nowNs() + delayNs);
    }

    @Override
    void reschedule(int index, long delayNs) {
      wheel.cancelTimer(ids[index]);
      schedule(index, delayNs);
    }

    @Override
    void scheduleCancel(long delayNs) {
      wheel.cancelTimer(wheel.scheduleTimer(nowNs() + delayNs));
    }

    @Override
    void stop() {
      wheel.clear();
    }
  }

  /** Agrona's, and a clock that was read once. */
  public static class AgronaNoClock extends Agrona {
    private final long startNs = System.nanoTime();

    @Override
    long nowNs() {
      return startNs;
    }
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int mill(Mill subject) {
    return subject.changes();
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int millNew(MillNew subject) {
    return subject.changes();
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int netty(Netty subject) {
    return subject.changes();
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int jdk(Jdk subject) {
    return subject.changes();
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int agrona(Agrona subject) {
    return subject.changes();
  }

  @Benchmark
  @OperationsPerInvocation(CHANGES)
  public int agronaNoClock(AgronaNoClock subject) {
    return subject.changes();
  }
}
