package mill.core;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mill.natives.Readiness;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import mill.natives.platform.Threads;

/**
 * A fake of the platform: a kernel in memory, where tests say which descriptors are ready and
 * pollers report it.
 *
 * <p>Descriptors are handed out as a kernel does it, the lowest free number first. Any thread;
 * everything is guarded by this.
 */
public final class FakePlatform implements Platform {
  private static final int FIRST_FD = 3;
  private static final Errnos ERRNOS =
      new Errnos(
          Map.of(
              "EPERM",
              1,
              "EINTR",
              4,
              "EIO",
              5,
              "EBADF",
              9,
              "EAGAIN",
              11,
              "ENOSPC",
              28,
              "ENOTCONN",
              107,
              "EINPROGRESS",
              115));

  private final BitSet open = new BitSet();
  private final Map<Integer, Integer> readiness = new HashMap<>();
  private final List<FakePoller> pollers = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();

  private long clockReadings;
  private final FakeSleep sleep = new FakeSleep(this);
  private volatile Threads threads = sleep;

  // Null: time goes by as it does. Guarded by this.
  private Long virtualNs;

  public FakePlatform() {}

  /** Stops the clock; from now on it moves only by {@link #advance}. */
  public synchronized void virtualTime(long nowNs) {
    virtualNs = nowNs;
  }

  /** Moves the virtual clock, and with it the ends of the waits. */
  public synchronized void advance(long ns) {
    virtualNs += ns;
    pollers.forEach(FakePoller::timePassed);
    sleep.timePassed();
  }

  public synchronized boolean isVirtual() {
    return virtualNs != null;
  }

  /** How the loop's thread sleeps that does not poll itself. */
  public FakeSleep sleep() {
    return sleep;
  }

  /** Chooses the threads; before a loop is opened. */
  public void threads(Threads others) {
    threads = others;
  }

  @Override
  public Threads threads() {
    return threads;
  }

  /** How many times the time was asked. */
  public synchronized long clockReadings() {
    return clockReadings;
  }

  @Override
  public synchronized long nanoTime() {
    clockReadings++;
    return virtualNs == null ? System.nanoTime() : virtualNs;
  }

  /** Makes a pollable with a descriptor of its own, not ready for anything. */
  public FakePollable pollable() {
    return new FakePollable(this, newFd(), false);
  }

  /** Makes one that says it is a listener. */
  public FakePollable listener() {
    return new FakePollable(this, newFd(), true);
  }

  /** Makes a pollable that is readable already. */
  public FakePollable readablePollable() {
    FakePollable pollable = pollable();
    pollable.ready(Readiness.READABLE);
    return pollable;
  }

  /** The poller that was opened last. */
  public synchronized FakePoller poller() {
    return pollers.getLast();
  }

  /** How many descriptors are open; a poller takes none. */
  public synchronized int openCount() {
    return open.cardinality();
  }

  public synchronized boolean allPollersClosed() {
    return pollers.stream().allMatch(FakePoller::isClosed);
  }

  /** What mill did that a kernel would have answered with an error, or worse. */
  public synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  public synchronized void violation(String what) {
    violations.add(what);
  }

  public synchronized void setReadiness(int fd, int bits) {
    readiness.put(fd, bits);
    pollers.forEach(poller -> poller.changed(fd));
  }

  public synchronized int readiness(int fd) {
    return readiness.getOrDefault(fd, 0);
  }

  public synchronized boolean isOpen(int fd) {
    return open.get(fd);
  }

  private synchronized int newFd() {
    int fd = open.nextClearBit(FIRST_FD);
    open.set(fd);
    readiness.put(fd, 0);
    return fd;
  }

  public synchronized int closeFd(int fd) {
    if (!open.get(fd)) {
      violation("closed twice: fd " + fd);
      return -errno("EBADF");
    }
    open.clear(fd);
    readiness.remove(fd);
    pollers.forEach(poller -> poller.closedFd(fd));
    return 0;
  }

  public int errno(String name) {
    return ERRNOS.number(name);
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public Errnos errnos() {
    return ERRNOS;
  }

  @Override
  public synchronized PollerBackend openPoller() {
    var poller = new FakePoller(this);
    pollers.add(poller);
    return poller;
  }

  @Override
  public Sockets sockets() {
    throw new UnsupportedOperationException("there are no sockets in memory");
  }

  @Override
  public AddressCodec addresses() {
    throw new UnsupportedOperationException("there are no addresses in memory");
  }

  @Override
  public OptionCode option(String name) {
    return null;
  }

  @Override
  public int pinCurrentThread(int cpu) {
    return 0;
  }
}
