package mill.sim.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.platform.PollerBackend;
import mill.sim.fault.FaultKind;
import mill.sim.schedule.SimThread;
import mill.sim.schedule.SplitMix64;
import mill.sim.schedule.World;
import org.jspecify.annotations.Nullable;

/**
 * A readiness queue as {@code epoll(7)} keeps it: what may be ready is listed in the order in which
 * it became so, and looked at when somebody polls. What is reported by level goes to the end of the
 * list.
 */
final class SimPoller implements PollerBackend {
  /** A poller's own descriptors: its own, and the waker's. */
  static final int DESCRIPTORS = 2;

  private final SimPlatform platform;
  private final World world;
  private final Watch waker = new Watch(this, -1, null);
  private final int[] ownFds = new int[DESCRIPTORS];
  private @Nullable Watch[] watches = new Watch[16]; // by descriptor
  private ArrayDeque<Watch> ready = new ArrayDeque<>();
  private @Nullable SimThread waiting;

  SimPoller(SimPlatform platform) {
    this.platform = platform;
    world = platform.world();
    for (int i = 0; i < DESCRIPTORS; i++) {
      ownFds[i] = platform.files().add(new OwnFile(platform.host()));
    }
  }

  @Override
  public int add(int fd, long token, Interest interest, Trigger trigger) {
    SimFile file = platform.enter(fd);
    int result = platform.failure(Call.EPOLL_CTL);
    if (result == 0) {
      result = file == null ? -SimErrnos.EBADF : add(fd, file, token, interest, trigger);
    }
    return platform.done(Call.EPOLL_CTL, fd, result);
  }

  private int add(int fd, SimFile file, long token, Interest interest, Trigger trigger) {
    if (find(fd) != null) {
      return -SimErrnos.EEXIST;
    }
    if (fd >= watches.length) {
      watches = Arrays.copyOf(watches, Math.max(fd + 1, watches.length * 2));
    }
    var watch = new Watch(this, fd, file);
    watches[fd] = watch;
    file.watch(watch);
    arm(watch, file, token, interest, trigger);
    return 0;
  }

  @Override
  public int modify(int fd, long token, Interest interest, Trigger trigger) {
    SimFile file = platform.enter(fd);
    Watch watch = find(fd);
    int result = platform.failure(Call.EPOLL_CTL);
    if (result == 0) {
      if (file == null || watch == null) {
        result = file == null ? -SimErrnos.EBADF : -SimErrnos.ENOENT;
      } else {
        arm(watch, file, token, interest, trigger);
      }
    }
    return platform.done(Call.EPOLL_CTL, fd, result);
  }

  private void arm(Watch watch, SimFile file, long token, Interest interest, Trigger trigger) {
    watch.token = token;
    watch.events = Ready.mask(interest);
    watch.edge = trigger == Trigger.EDGE;
    watch.oneShot = trigger == Trigger.ONESHOT;
    signal(watch, file.ready());
  }

  @Override
  public int remove(int fd) {
    SimFile file = platform.enter(fd);
    Watch watch = find(fd);
    int result = platform.failure(Call.EPOLL_CTL);
    if (result == 0) {
      if (file == null || watch == null) {
        result = file == null ? -SimErrnos.EBADF : -SimErrnos.ENOENT;
      } else {
        file.unwatch(watch);
        forget(watch);
      }
    }
    return platform.done(Call.EPOLL_CTL, fd, result);
  }

  private @Nullable Watch find(int fd) {
    return fd >= 0 && fd < watches.length ? watches[fd] : null;
  }

  /** What is watched is closed, or taken out. */
  void forget(Watch watch) {
    watch.removed = true;
    watches[watch.fd] = null;
  }

  /** Something has become so for a file: lists it, if that is asked for. */
  void signal(Watch watch, int bits) {
    if ((bits & watch.events) != 0 && !watch.removed) {
      list(watch);
    }
  }

  private void list(Watch watch) {
    if (!watch.listed) {
      watch.listed = true;
      ready.add(watch);
    }
    if (waiting != null) {
      world.wake(waiting);
    }
  }

  @Override
  public void wake() {
    world.requireCurrent();
    world.trace("wake", ownFds[0], 0);
    list(waker);
  }

  @Override
  public int poll(ReadyEvents into, long timeoutNs) {
    FaultSource faults = platform.host().faults();
    int host = platform.host().index();
    world.handOver();
    takeTime(faults.slowTurnNs(host), faults);
    int failure = platform.failure(Call.EPOLL_WAIT);
    if (failure == 0 && faults.interrupted(host, Call.EPOLL_WAIT)) {
      faults.happened(FaultKind.INTERRUPTED);
    } else if (failure == 0 && faults.emptyPoll(host)) {
      faults.happened(FaultKind.EMPTY_POLL);
    } else if (failure == 0) {
      await(into, timeoutNs, faults);
    }
    for (int i = 0; i < into.size(); i++) {
      world.trace("ready", into.token(i), into.bits(i));
    }
    platform.done(Call.EPOLL_WAIT, ownFds[0], failure == 0 ? into.size() : failure);
    return failure;
  }

  private void takeTime(long slowNs, FaultSource faults) {
    if (slowNs > 0) {
      faults.happened(FaultKind.SLOW_TURN);
      long untilNs = world.nowNs() + slowNs;
      while (world.nowNs() < untilNs) {
        world.sleep(untilNs);
      }
    }
  }

  private void await(ReadyEvents into, long timeoutNs, FaultSource faults) {
    long untilNs = deadline(timeoutNs);
    shuffle(faults);
    collect(into);
    while (into.size() == 0 && !into.woken() && world.nowNs() < untilNs) {
      waiting = world.requireCurrent();
      try {
        world.sleep(untilNs);
      } finally {
        waiting = null;
      }
      shuffle(faults);
      collect(into);
    }
  }

  private long deadline(long timeoutNs) {
    if (timeoutNs < 0) {
      return World.NEVER;
    }
    long worldNs = platform.host().clock().worldNs(timeoutNs);
    long nowNs = world.nowNs();
    return worldNs >= World.NEVER - nowNs ? World.NEVER : nowNs + worldNs;
  }

  private void collect(ReadyEvents into) {
    int slots = into.capacity();
    for (int listed = ready.size(); listed > 0 && slots > 0; listed--) {
      Watch watch = ready.remove();
      watch.listed = false;
      if (watch.removed) {
        continue;
      }
      SimFile file = watch.file;
      if (file == null) {
        into.markWoken();
        slots--;
        continue;
      }
      int bits = file.ready() & watch.events;
      if (bits != 0) {
        into.add(watch.token, Ready.readiness(bits, !(file instanceof SimSocket)));
        slots--;
        if (watch.oneShot) {
          watch.events = 0;
        } else if (!watch.edge) {
          watch.listed = true;
          ready.add(watch);
        }
      }
    }
  }

  private void shuffle(FaultSource faults) {
    if (ready.size() < 2 || !faults.shuffledBatch(platform.host().index())) {
      return;
    }
    faults.happened(FaultKind.SHUFFLED_BATCH);
    SplitMix64 random = world.random("faults");
    List<Watch> order = new ArrayList<>(ready);
    for (int i = order.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      order.set(i, order.set(other, order.get(i)));
    }
    ready = new ArrayDeque<>(order);
  }

  @Override
  public void close() {
    world.requireCurrent();
    for (Watch watch : watches) {
      if (watch != null && watch.file != null) {
        watch.file.unwatch(watch);
        forget(watch);
      }
    }
    for (int fd : ownFds) {
      platform.files().remove(fd);
    }
    platform.done(Call.CLOSE, ownFds[0], 0);
  }

  /** What the poller's own descriptors stand for: nothing that anybody reads. */
  private static final class OwnFile extends SimFile {
    OwnFile(Host host) {
      super(host);
    }

    @Override
    int ready() {
      return 0;
    }

    @Override
    boolean isStream() {
      return false;
    }

    @Override
    int read(Transfer into) {
      return -SimErrnos.EINVAL;
    }

    @Override
    int write(Transfer from) {
      return -SimErrnos.EINVAL;
    }

    @Override
    void release() {}
  }
}
