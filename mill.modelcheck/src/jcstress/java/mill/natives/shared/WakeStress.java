package mill.natives.shared;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import mill.core.internal.TaskQueue;
import mill.natives.platform.Errnos;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The wake protocol: who brings work looks whether the loop sleeps, and the loop looks for work
 * when it says that it sleeps. r1 tells whether the loop saw the work, r2 whether it was woken.
 */
public final class WakeStress {
  private WakeStress() {}

  private static final class SignalCounter extends Waker {
    private static final Errnos ERRNOS =
        new Errnos(Map.of("EAGAIN", 11, "EINTR", 4, "EINPROGRESS", 115, "ENOTCONN", 107));
    int signals;

    SignalCounter() {
      super(ERRNOS, "signal");
    }

    @Override
    protected int signal() {
      return ++signals;
    }
  }

  /** With queue and waker as they are, and the loop's volatile field. */
  @JCStressTest
  @Outcome(
      id = {"true, true", "true, false", "false, true"},
      expect = ACCEPTABLE,
      desc = "one of the two sees the other")
  @Outcome(id = "false, false", expect = FORBIDDEN, desc = "a wake-up is lost")
  @State
  public static class AsItIs {
    private final TaskQueue queue = new TaskQueue(2);
    private final SignalCounter waker = new SignalCounter();
    private volatile boolean asleep;

    /** Brings work, as LoopTasks does. */
    @Actor
    public void bring(ZZ_Result result) {
      queue.offer(() -> {});
      if (asleep) {
        waker.wake();
      }
      result.r2 = waker.signals > 0;
    }

    /** Goes to sleep, as LoopSleep.poll does. */
    @Actor
    public void sleep(ZZ_Result result) {
      asleep = true;
      result.r1 = !queue.isEmpty();
    }
  }

  /** Two wake the loop: one signal at least, and the flag is down after the loop has seen it. */
  @JCStressTest
  @Outcome(id = "true, true", expect = ACCEPTABLE, desc = "woken, and can be woken again")
  @Outcome(expect = FORBIDDEN, desc = "not woken")
  @State
  public static class TwoWake {
    private final SignalCounter waker = new SignalCounter();

    /** Wakes. */
    @Actor
    public void first() {
      waker.wake();
    }

    /** Wakes as well. */
    @Actor
    public void second() {
      waker.wake();
    }

    /** What the loop sees in the end. */
    @Arbiter
    public void see(ZZ_Result result) {
      int before = waker.signals;
      result.r1 = before > 0;
      waker.seen();
      waker.wake();
      result.r2 = waker.signals == before + 1;
    }
  }

  /**
   * The same with accesses that are too weak. Where this loses no wake-up, these tests do not see
   * the order of memory and prove nothing.
   */
  @JCStressTest
  @Outcome(
      id = {"true, true", "true, false", "false, true"},
      expect = ACCEPTABLE,
      desc = "one of the two sees the other")
  @Outcome(
      id = "false, false",
      expect = ACCEPTABLE_INTERESTING,
      desc = "lost: what a release store and an acquire load allow")
  @State
  public static class TooWeak {
    private static final VarHandle WORK;
    private static final VarHandle ASLEEP;

    static {
      try {
        var lookup = MethodHandles.lookup();
        WORK = lookup.findVarHandle(TooWeak.class, "work", boolean.class);
        ASLEEP = lookup.findVarHandle(TooWeak.class, "asleep", boolean.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private boolean work;
    private boolean asleep;

    /** Brings work. */
    @Actor
    public void bring(ZZ_Result result) {
      WORK.setRelease(this, true);
      result.r2 = (boolean) ASLEEP.getAcquire(this);
    }

    /** Goes to sleep. */
    @Actor
    public void sleep(ZZ_Result result) {
      ASLEEP.setRelease(this, true);
      result.r1 = (boolean) WORK.getAcquire(this);
    }
  }
}
