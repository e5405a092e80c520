package mill.natives.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.ffm.CallMemory;
import mill.natives.ffm.PollerArena;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.linux.timespec;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Errnos;
import mill.natives.platform.PollerBackend;

/** An epoll instance ({@code epoll(7)}) with its {@link EpollWaker}. */
final class EpollPoller implements PollerBackend {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final int epfd;
  private final LinuxSockets sockets;
  private final Errnos errnos;
  private final EpollWaker waker;
  private final NonSockets nonSockets = new NonSockets();

  // Closed with the poller, when nobody polls any more.
  private final Arena arena = new PollerArena();

  // Both belong to the polling thread.
  private MemorySegment events = MemorySegment.NULL;
  private int capacity;
  private boolean nanosecondWait;

  /**
   * Opens the epoll instance.
   *
   * @param nanosecondWait whether to try {@code epoll_pwait2} before {@code epoll_wait}
   */
  EpollPoller(LinuxSockets sockets, Errnos errnos, boolean nanosecondWait) throws IOException {
    this.sockets = sockets;
    this.errnos = errnos;
    this.nanosecondWait = nanosecondWait;
    epfd = EpollCalls.create(Linux.EPOLL_CLOEXEC());
    if (epfd < 0) {
      arena.close();
      throw errnos.exception("epoll_create1", epfd);
    }
    int eventFd = EpollCalls.eventFd(0, Linux.EFD_CLOEXEC() | Linux.EFD_NONBLOCK());
    waker = new EpollWaker(eventFd, errnos, arena);
    int result = eventFd < 0 ? eventFd : watchWaker();
    if (result < 0) {
      if (eventFd >= 0) {
        sockets.close(eventFd);
      }
      sockets.close(epfd);
      arena.close();
      throw errnos.exception(eventFd < 0 ? "eventfd" : "epoll_ctl(eventfd)", result);
    }
  }

  @Override
  public int add(int fd, long token, Interest interest, Trigger trigger) {
    return add(fd, DescriptorKind.OTHER, token, interest, trigger);
  }

  @Override
  public int add(int fd, DescriptorKind kind, long token, Interest interest, Trigger trigger) {
    nonSockets.remove(fd); // of somebody whose number this was
    if (kind != DescriptorKind.OTHER) {
      return arm(fd, token, interest, trigger);
    }
    nonSockets.add(fd, token);
    int result = arm(fd, token, interest, trigger);
    if (result < 0) {
      nonSockets.remove(fd);
    }
    return result;
  }

  private int arm(int fd, long token, Interest interest, Trigger trigger) {
    return ctl(Linux.EPOLL_CTL_ADD(), fd, EpollEvents.mask(interest, trigger), token);
  }

  @Override
  public int modify(int fd, long token, Interest interest, Trigger trigger) {
    return ctl(Linux.EPOLL_CTL_MOD(), fd, EpollEvents.mask(interest, trigger), token);
  }

  @Override
  public int remove(int fd) {
    nonSockets.remove(fd);
    return ctl(Linux.EPOLL_CTL_DEL(), fd, 0, 0);
  }

  @Override
  public boolean forgetsWithClose() {
    return true;
  }

  @Override
  public int poll(ReadyEvents into, long timeoutNs) {
    if (capacity < into.capacity()) {
      grow(into.capacity());
    }
    int found = await(into.capacity(), timeoutNs);
    if (found < 0) {
      return errnos.isInterrupted(found) ? 0 : found;
    }
    for (int i = 0; i < found; i++) {
      long token = EpollEvents.dataAt(events, i);
      if (token == PollerBackend.WAKER_TOKEN) {
        waker.seen();
        into.markWoken();
      } else {
        int mask = EpollEvents.maskAt(events, i);
        int bits = EpollEvents.readiness(mask);
        if (EpollEvents.isErrorAlone(mask) && nonSockets.hold(token)) {
          bits |= Readiness.WRITE_CLOSED;
        }
        into.add(token, bits);
      }
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
    sockets.close(waker.fd());
    sockets.close(epfd);
    arena.close();
  }

  private int watchWaker() {
    return ctl(
        Linux.EPOLL_CTL_ADD(),
        waker.fd(),
        Linux.EPOLLIN() | Linux.EPOLLET(),
        PollerBackend.WAKER_TOKEN);
  }

  private int ctl(int op, int fd, int mask, long token) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment event = work.scratch();
      EpollEvents.write(event, mask, token);
      return EpollCalls.ctl(epfd, op, fd, event);
    } finally {
      work.release();
    }
  }

  // epoll_pwait2 costs the kernel nothing over epoll_wait, but a time that is 0 or without end
  // needs no timespec.
  private int await(int maxEvents, long timeoutNs) {
    if (timeoutNs <= 0) {
      return EpollCalls.waitMs(epfd, events, maxEvents, timeoutNs == 0 ? 0 : -1);
    }
    if (nanosecondWait) {
      int found = awaitNanos(maxEvents, timeoutNs);
      // EPERM is how some sandboxes answer a call that is newer than their list.
      if (found != -Linux.ENOSYS() && found != -Linux.EPERM()) {
        return found;
      }
      nanosecondWait = false; // the C library has it, the kernel has not
    }
    return EpollCalls.waitMs(epfd, events, maxEvents, roundUpToMillis(timeoutNs));
  }

  private int awaitNanos(int maxEvents, long timeoutNs) {
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment timeout = work.scratch();
      timespec.tv_sec(timeout, timeoutNs / NANOS_PER_SECOND);
      timespec.tv_nsec(timeout, timeoutNs % NANOS_PER_SECOND);
      return EpollCalls.waitTimespec(epfd, events, maxEvents, timeout);
    } finally {
      work.release();
    }
  }

  /**
   * Never shorter than asked: a timer that fires early is a bug, one that fires late is a delay.
   */
  static int roundUpToMillis(long timeoutNs) {
    long ms = timeoutNs / NANOS_PER_MILLI + (timeoutNs % NANOS_PER_MILLI == 0 ? 0 : 1);
    return (int) Math.min(ms, Integer.MAX_VALUE);
  }

  private void grow(int wanted) {
    events = arena.allocate(EpollEvents.layout(wanted));
    capacity = wanted;
  }
}
