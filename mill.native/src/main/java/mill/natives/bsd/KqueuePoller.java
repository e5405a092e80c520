package mill.natives.bsd;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.PollerArena;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.timespec;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Errnos;
import mill.natives.platform.PollerBackend;

/**
 * A kqueue ({@code kqueue(2)}) with its {@link KqueueWaker}.
 *
 * <p>One registration is up to two filters in the kernel, see {@link Watch}. They are changed by
 * calls of their own, with a receipt for each change, because a change that fails in a waiting call
 * ends the wait and may drop the changes behind it. The exception are the one-shot write filters of
 * level-triggered registrations, which are armed before the next wait: a writer that has nothing
 * more to write meanwhile costs no call at all.
 *
 * <p>A lock guards the registrations. It is held while changes are applied and while a batch is
 * read, never while a poll waits; so a filter is never armed for a descriptor that has been removed
 * and perhaps closed meanwhile, and events of a past registration are dropped.
 */
final class KqueuePoller implements PollerBackend {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  // The kernels refuse more than this with EINVAL. A poll may end early, after three years.
  private static final long MAX_WAIT_SECONDS = 100_000_000;

  // Of a change: at most one removal and one addition for each of the two filters.
  private static final int MAX_CHANGES = 4;

  private static final int READ = MacOs.EVFILT_READ();
  private static final int WRITE = MacOs.EVFILT_WRITE();

  private final int kq;
  private final KqueueCalls calls;
  private final KeventLayout layout;
  private final Errnos errnos;
  private final KqueueWaker waker;

  // Closed with the poller, when nobody polls any more.
  private final Arena arena = new PollerArena();

  private final Object lock = new Object();
  private final WatchTable watches = new WatchTable(); // guarded by lock
  private final MemorySegment changes; // guarded by lock
  private final MemorySegment receipts; // guarded by lock
  private int changeCount; // guarded by lock
  private final RearmList rearm; // guarded by lock

  // All belong to the polling thread.
  private MemorySegment events = MemorySegment.NULL;
  private int capacity;
  private final Batch batch = new Batch();

  /** Opens the kqueue. */
  KqueuePoller(KqueueCalls calls, KeventLayout layout, Errnos errnos) throws IOException {
    this.calls = calls;
    this.layout = layout;
    this.errnos = errnos;
    changes = arena.allocate(layout.list(MAX_CHANGES));
    receipts = arena.allocate(layout.list(MAX_CHANGES));
    rearm = new RearmList(layout, arena);
    kq = calls.kqueue();
    waker = new KqueueWaker(kq, calls, errnos, layout, arena);
    int result = kq < 0 ? kq : KqueueWaker.register(kq, calls, layout, changes);
    if (result < 0) {
      if (kq >= 0) {
        calls.close(kq);
      }
      arena.close();
      throw errnos.exception(kq < 0 ? "kqueue" : "kevent(EVFILT_USER)", result);
    }
  }

  @Override
  public int add(int fd, long token, Interest interest, Trigger trigger) {
    return add(fd, DescriptorKind.OTHER, token, interest, trigger);
  }

  @Override
  public int add(int fd, DescriptorKind kind, long token, Interest interest, Trigger trigger) {
    if (interest.isPriority()) {
      return notSupported();
    }
    synchronized (lock) {
      var watch = new Watch(fd, kind, token, interest, trigger);
      changeCount = 0;
      arm(watch);
      int result = applyFor(watch);
      if (result < 0) {
        disarm(watch);
      } else {
        watches.put(watch);
      }
      return result;
    }
  }

  @Override
  public int modify(int fd, long token, Interest interest, Trigger trigger) {
    if (interest.isPriority()) {
      return notSupported();
    }
    synchronized (lock) {
      Watch watch = watches.find(fd);
      if (watch == null) {
        return -errnos.number("ENOENT");
      }
      changeCount = 0;
      // A kqueue need not take over another trigger with a second EV_ADD, nor report an edge again.
      boolean anew = trigger != watch.trigger || trigger == Trigger.EDGE;
      if (watch.hasRead && (anew || !interest.isReadable())) {
        change(watch, READ, MacOs.EV_DELETE());
        watch.hasRead = false;
      }
      if (watch.hasWrite && (anew || !interest.isWritable())) {
        change(watch, WRITE, MacOs.EV_DELETE());
        watch.hasWrite = false;
      }
      watch.interest = interest;
      watch.trigger = trigger;
      watch.deaf = false;
      arm(watch);
      return changeCount == 0 ? 0 : applyFor(watch);
    }
  }

  @Override
  public int remove(int fd) {
    synchronized (lock) {
      Watch watch = watches.find(fd);
      if (watch == null) {
        return -errnos.number("ENOENT");
      }
      watches.remove(fd);
      watch.rearm = false;
      return disarm(watch);
    }
  }

  @Override
  public boolean forgetsWithClose() {
    return true;
  }

  @Override
  public int poll(ReadyEvents into, long timeoutNs) {
    if (capacity < into.capacity()) {
      events = arena.allocate(layout.list(into.capacity()));
      capacity = into.capacity();
    }
    int found = rearmAndLook(into.capacity());
    if (found == 0) {
      found = await(into.capacity(), timeoutNs);
    }
    if (found < 0) {
      return errnos.isInterrupted(found) ? 0 : found;
    }
    synchronized (lock) {
      batch.begin(into.capacity());
      for (int i = 0; i < found; i++) {
        read(i, into);
      }
      batch.moveTo(into);
    }
    return 0;
  }

  @Override
  public void wake() {
    waker.wake();
  }

  @Override
  public void close() {
    waker.close();
    calls.close(kq);
    arena.close();
  }

  /** Adds the changes that arm what a registration asks for and does not have armed. */
  private void arm(Watch watch) {
    if (watch.interest.isReadable() && !watch.hasRead) {
      change(watch, READ, KqueueEvents.flags(READ, watch.trigger));
      watch.hasRead = true;
    }
    if (watch.interest.isWritable() && !watch.hasWrite && !watch.rearm) {
      change(watch, WRITE, KqueueEvents.flags(WRITE, watch.trigger));
      watch.hasWrite = true;
    }
  }

  private int disarm(Watch watch) {
    changeCount = 0;
    if (watch.hasRead) {
      change(watch, READ, MacOs.EV_DELETE());
      watch.hasRead = false;
    }
    if (watch.hasWrite) {
      change(watch, WRITE, MacOs.EV_DELETE());
      watch.hasWrite = false;
    }
    return changeCount == 0 ? 0 : applyFor(watch);
  }

  private void change(Watch watch, int filter, int flags) {
    int index = changeCount++;
    layout.write(changes, index, watch.fd, filter, flags | MacOs.EV_RECEIPT(), watch.token);
  }

  /**
   * Applies the changes, which are all of one registration, and reads a receipt for each; 0 or the
   * first error that counts.
   */
  private int applyFor(Watch watch) {
    int count = changeCount;
    int found = kevent(changes, count, receipts, count, 0);
    if (found < 0) {
      return errnos.isInterrupted(found) ? 0 : found; // interrupted after the changes were applied
    }
    int result = 0;
    for (int i = 0; i < found; i++) {
      int error = (int) layout.data(receipts, i);
      if ((layout.flags(receipts, i) & MacOs.EV_ERROR()) != 0 && error != 0) {
        int failure = failed(watch, layout.filter(receipts, i), error);
        result = result == 0 ? failure : result;
      }
    }
    return result;
  }

  private int failed(Watch watch, int filter, int error) {
    if (error == MacOs.ENOENT()) {
      return 0; // a one-shot fired before it could be removed
    }
    if (filter == WRITE && error == MacOs.EPIPE()) {
      // Nobody reads this pipe any more: the kernel will not watch it, the poll must report it.
      watch.hasWrite = false;
      queueRearm(watch);
      waker.wake();
      return 0;
    }
    if (filter == READ) {
      watch.hasRead = false;
    } else {
      watch.hasWrite = false;
    }
    return -error;
  }

  private void queueRearm(Watch watch) {
    if (!watch.rearm) {
      watch.rearm = true;
      rearm.add(watch);
    }
  }

  /** Arms the write filters that have fired, and takes what is ready then without waiting. */
  private int rearmAndLook(int maxEvents) {
    synchronized (lock) {
      int count = rearm.writeChanges();
      if (count == 0) {
        return 0;
      }
      return kevent(rearm.changes(), count, events, maxEvents, 0);
    }
  }

  private int await(int maxEvents, long timeoutNs) {
    if (timeoutNs < 0) {
      return calls.kevent(kq, MemorySegment.NULL, 0, events, maxEvents, MemorySegment.NULL);
    }
    return kevent(MemorySegment.NULL, 0, events, maxEvents, timeoutNs);
  }

  /** Takes one event into the batch. */
  private void read(int index, ReadyEvents into) {
    int filter = layout.filter(events, index);
    if (filter == layout.evfiltUser()) {
      waker.seen();
      into.markWoken();
      return;
    }
    Watch watch = watches.find(layout.ident(events, index));
    if (watch == null || watch.token != layout.udata(events, index)) {
      return; // of a registration that was removed while this poll waited
    }
    int flags = layout.flags(events, index);
    if ((flags & MacOs.EV_ERROR()) != 0) {
      notArmed(watch, (int) layout.data(events, index));
      return;
    }
    boolean asked = filter == READ ? watch.interest.isReadable() : watch.interest.isWritable();
    if (KqueueEvents.isOneShot(filter, watch.trigger)) {
      spent(watch, filter, asked);
    }
    if (asked) {
      report(
          watch,
          KqueueEvents.readiness(watch.kind, filter, flags, layout.filterFlags(events, index)));
    }
  }

  /** The kernel has removed a filter with its event. */
  private void spent(Watch watch, int filter, boolean asked) {
    if (filter == READ) {
      watch.hasRead = false;
      return;
    }
    watch.hasWrite = false;
    if (asked && watch.trigger == Trigger.LEVEL) {
      queueRearm(watch);
    }
  }

  /** A write filter could not be armed. */
  private void notArmed(Watch watch, int error) {
    watch.hasWrite = false;
    if (error == MacOs.EPIPE()) {
      if (watch.trigger == Trigger.LEVEL && watch.interest.isWritable()) {
        queueRearm(watch);
      }
      report(watch, KqueueEvents.readiness(watch.kind, WRITE, MacOs.EV_EOF(), 0));
    } else if (error != 0) {
      report(watch, KqueueEvents.readiness(watch.kind, WRITE, MacOs.EV_EOF(), error));
    }
  }

  private void report(Watch watch, int bits) {
    if (!watch.deaf || batch.holds(watch)) {
      batch.add(watch, bits);
      watch.deaf = watch.trigger == Trigger.ONESHOT;
    }
  }

  private int notSupported() {
    return -errnos.number("EOPNOTSUPP");
  }

  private int kevent(
      MemorySegment changeList, int count, MemorySegment into, int maxEvents, long timeoutNs) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment timeout = work.scratch();
      timespec.tv_sec(timeout, Math.min(timeoutNs / NANOS_PER_SECOND, MAX_WAIT_SECONDS));
      timespec.tv_nsec(timeout, timeoutNs % NANOS_PER_SECOND);
      return calls.kevent(kq, changeList, count, into, maxEvents, timeout);
    } finally {
      work.release();
    }
  }
}
