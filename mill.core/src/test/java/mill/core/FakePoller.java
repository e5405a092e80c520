package mill.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.PollerBackend;
import mill.testing.Await;

/**
 * A fake of a poller: a readiness queue in memory that does what epoll does, and what it is told to
 * do besides: fail, wake for nothing, bring events of the past. It records what is asked of it.
 *
 * <p>Everything is guarded by the platform. Hooks run outside, on the calling thread, after a call
 * has taken effect.
 */
public final class FakePoller implements PollerBackend {
  /** What can be asked of a poller. */
  public enum Op {
    ADD,
    MODIFY,
    REMOVE,
    POLL,
    CLOSE
  }

  /** A call that was made. */
  public record Call(Op op, int fd, Interest interest, Trigger trigger) {}

  private record Raw(long token, int bits) {}

  private static final int TIMEOUTS_KEPT = 1_000;

  private final FakePlatform platform;
  private final FakeInterestSet set;
  private final Queue<List<Raw>> injected = new ArrayDeque<>();
  private final List<Call> calls = new ArrayList<>();
  private final ArrayDeque<Long> timeouts = new ArrayDeque<>();
  private final Map<Op, IntConsumer> hooks = new EnumMap<>(Op.class);
  private final PlannedFailures<Op> failures = new PlannedFailures<>(Op.class);
  private long polls;
  private long wakes;
  private int emptyPolls;
  private boolean woken;
  private boolean asleep;
  private boolean polling;
  private boolean waitsUntilTime;
  private long waitEndNs;
  private boolean closed;
  private boolean forgetsWithClose;

  public FakePoller(FakePlatform platform) {
    this.platform = platform;
    set = new FakeInterestSet(platform::readiness);
  }

  // ---- what tests tell it

  /** Runs after each successful call of a kind, with the descriptor, on the calling thread. */
  public void hook(Op op, IntConsumer hook) {
    synchronized (platform) {
      hooks.put(op, hook);
    }
  }

  /** Lets it be one of those that forget with their end what was closed before. */
  public void forgetWithClose() {
    synchronized (platform) {
      forgetsWithClose = true;
    }
  }

  /** Lets a call of a kind fail once: the next one, if {@code after} is 0. */
  public void fail(Op op, int after, String errno) {
    synchronized (platform) {
      failures.plan(op, after, platform.errno(errno));
      signal();
    }
  }

  /** Lets the wait that is under way, and the next ones, return with nothing, as a signal does. */
  public void interruptPolls(int count) {
    synchronized (platform) {
      emptyPolls += count;
      signal();
    }
  }

  /** Brings an event in a batch of its own, whatever is registered. */
  public void inject(int bits, long... tokens) {
    synchronized (platform) {
      var batch = new ArrayList<Raw>();
      for (long token : tokens) {
        batch.add(new Raw(token, bits));
      }
      injected.add(batch);
      signal();
    }
  }

  /** The virtual clock has moved: a wait that is over by now ends. */
  public void timePassed() {
    if (asleep && waitsUntilTime && platform.nanoTime() - waitEndNs >= 0) {
      signal();
    }
  }

  // ---- what tests ask it

  /** Waits until a poll waits: how long it still does in virtual time, negative for without end. */
  public long sleepNs() {
    synchronized (platform) {
      awaitAsleep();
      return waitsUntilTime ? waitEndNs - platform.nanoTime() : -1;
    }
  }

  /** Waits until a poll waits and has nothing to report. */
  public void awaitAsleep() {
    awaitState("asleep", poller -> poller.asleep);
  }

  /** Waits until so many polls have been begun in all. */
  public void awaitPolls(long count) {
    awaitState(count + " polls", poller -> poller.polls >= count);
  }

  /** Whether nobody polls, or who does waits and has nothing to report. */
  boolean rests() {
    return asleep || !polling;
  }

  private void awaitState(String what, Predicate<FakePoller> reached) {
    long end = System.nanoTime() + Await.PATIENCE_NS;
    synchronized (platform) {
      while (!reached.test(this)) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (leftMs <= 0) {
          throw Await.hung(what, null);
        }
        try {
          platform.wait(leftMs);
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  public long polls() {
    synchronized (platform) {
      return polls;
    }
  }

  /** How often it was woken. */
  public long wakes() {
    synchronized (platform) {
      return wakes;
    }
  }

  /** The timeouts of the last polls, the oldest first. */
  public List<Long> timeouts() {
    synchronized (platform) {
      return List.copyOf(timeouts);
    }
  }

  /** The calls that changed the set, without the polls. */
  public List<Call> calls() {
    synchronized (platform) {
      return List.copyOf(calls);
    }
  }

  public List<Op> ops() {
    return calls().stream().map(Call::op).toList();
  }

  public void forgetCalls() {
    synchronized (platform) {
      calls.clear();
      timeouts.clear();
    }
  }

  /** The token that a descriptor is in the set with. */
  public long token(int fd) {
    synchronized (platform) {
      return set.token(fd);
    }
  }

  /** The interest that the kernel has for a descriptor, NONE if it is not in the set. */
  public Interest interest(int fd) {
    synchronized (platform) {
      return set.interest(fd);
    }
  }

  public boolean isArmed(int fd) {
    synchronized (platform) {
      return set.isArmed(fd);
    }
  }

  public boolean isClosed() {
    return closed;
  }

  // ---- what the platform tells it, holding its monitor

  public void changed(int fd) {
    set.changed(fd);
    signal();
  }

  public void closedFd(int fd) {
    if (set.remove(fd) && !forgetsWithClose) {
      platform.violation("closed while in the kernel's set: fd " + fd);
    }
  }

  // ---- PollerBackend

  @Override
  public int add(int fd, long token, Interest interest, Trigger trigger) {
    int result;
    synchronized (platform) {
      result = before(Op.ADD, fd, interest, trigger);
      if (result == 0) {
        if (!set.add(fd)) {
          platform.violation("added twice: fd " + fd);
        }
        arm(fd, token, interest, trigger);
      }
    }
    return after(Op.ADD, fd, result);
  }

  @Override
  public int modify(int fd, long token, Interest interest, Trigger trigger) {
    int result;
    synchronized (platform) {
      result = before(Op.MODIFY, fd, interest, trigger);
      if (!set.contains(fd)) {
        platform.violation("changed, but not in the set: fd " + fd);
      } else if (result == 0) {
        arm(fd, token, interest, trigger);
      }
    }
    return after(Op.MODIFY, fd, result);
  }

  @Override
  public int remove(int fd) {
    int result;
    synchronized (platform) {
      result = before(Op.REMOVE, fd, null, null);
      if (!set.remove(fd)) {
        platform.violation("removed, but not in the set: fd " + fd);
      }
    }
    return after(Op.REMOVE, fd, result);
  }

  @Override
  public boolean forgetsWithClose() {
    synchronized (platform) {
      return forgetsWithClose;
    }
  }

  @Override
  public int poll(ReadyEvents into, long timeoutNs) {
    int result;
    synchronized (platform) {
      polls++;
      platform.notifyAll(); // for awaitPolls
      timeouts.add(timeoutNs);
      if (timeouts.size() > TIMEOUTS_KEPT) {
        timeouts.remove();
      }
      polling = true;
      try {
        result = await(into, timeoutNs);
      } finally {
        polling = false;
      }
      if (woken && result == 0) {
        woken = false;
        into.markWoken();
      }
    }
    return after(Op.POLL, -1, result);
  }

  @Override
  public void wake() {
    synchronized (platform) {
      woken = true;
      wakes++;
      signal();
    }
  }

  @Override
  public void close() {
    synchronized (platform) {
      if (closed) {
        platform.violation("closed twice");
      }
      closed = true;
      platform.notifyAll();
    }
    after(Op.CLOSE, -1, 0);
  }

  // ---- holding the platform's monitor

  private int before(Op op, int fd, Interest interest, Trigger trigger) {
    calls.add(new Call(op, fd, interest, trigger));
    if (closed) {
      platform.violation(op + " after close");
    }
    if (interest == Interest.NONE) {
      platform.violation(op + " with an empty interest");
    }
    if (!platform.isOpen(fd)) {
      platform.violation(op + " of a closed descriptor: fd " + fd);
    }
    return -failures.take(op);
  }

  private void arm(int fd, long token, Interest interest, Trigger trigger) {
    set.arm(fd, token, interest, trigger);
    signal();
  }

  private void signal() {
    asleep = false; // until the poller has looked again
    platform.notifyAll();
  }

  private int await(ReadyEvents into, long timeoutNs) {
    long end = platform.nanoTime() + timeoutNs;
    boolean interrupted = false;
    try {
      while (true) {
        int failure = failures.take(Op.POLL);
        if (failure > 0) {
          return -failure;
        }
        if (emptyPolls > 0) {
          emptyPolls--;
          return 0;
        }
        collect(into);
        long left = timeoutNs < 0 ? Long.MAX_VALUE : end - platform.nanoTime();
        if (into.size() > 0 || woken || timeoutNs == 0 || left <= 0) {
          return 0;
        }
        asleep = true;
        waitsUntilTime = timeoutNs >= 0;
        waitEndNs = end;
        platform.notifyAll();
        try {
          // Rounded up: a wait is never shorter than asked.
          boolean untilTold = timeoutNs < 0 || platform.isVirtual();
          platform.wait(untilTold ? 0 : TimeUnit.NANOSECONDS.toMillis(left) + 1);
        } catch (InterruptedException e) {
          interrupted = true; // a kernel's wait knows nothing of Java's interrupts
        }
      }
    } finally {
      asleep = false;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void collect(ReadyEvents into) {
    if (!injected.isEmpty()) {
      injected.remove().forEach(raw -> into.add(raw.token, raw.bits));
      return;
    }
    set.collect(into);
  }

  // ---- not holding it

  private int after(Op op, int fd, int result) {
    IntConsumer hook;
    synchronized (platform) {
      hook = hooks.get(op);
    }
    if (hook != null && result == 0) {
      hook.accept(fd);
    }
    return result;
  }
}
