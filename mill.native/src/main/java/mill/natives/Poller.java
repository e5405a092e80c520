package mill.natives;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import java.util.function.LongConsumer;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;

/**
 * Waits until registered descriptors are ready: epoll, kqueue or IOCP behind one contract.
 *
 * <p>Threads: {@link #poll} by one thread at a time; everything else from any thread, also while a
 * poll waits.
 *
 * <pre>{@code
 * try (var poller = Poller.open();
 *     var listener = TcpListener.bind(new InetSocketAddress("127.0.0.1", 8080))) {
 *   var events = new ReadyEvents(256);
 *   poller.register(listener, 1, Interest.READABLE, Trigger.LEVEL);
 *   while (true) {
 *     poller.poll(events, Poller.FOREVER);
 *     for (int i = 0; i < events.size(); i++) {
 *       // events.token(i) says which, events.readiness(i) says what
 *     }
 *   }
 * }
 * }</pre>
 */
public final class Poller extends UseCounted implements AutoCloseable {
  /** The one token that cannot be used: the waker has it. */
  public static final long RESERVED_TOKEN = PollerBackend.WAKER_TOKEN;

  /** A timeout without end. */
  public static final long FOREVER = -1L;

  private static final VarHandle POLLING;

  static {
    try {
      POLLING = MethodHandles.lookup().findVarHandle(Poller.class, "polling", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Beside 0 and -errno, what comes of a registration.
  private static final int ALREADY_REGISTERED = Integer.MIN_VALUE;
  private static final int NOT_REGISTERED = Integer.MIN_VALUE + 1;

  // How a descriptor is missed that is somebody else's and that its owner has closed: the kernel
  // has
  // forgotten it by itself (mio#351, libevent#277).
  private static final Set<String> GONE = Set.of("EBADF", "ENOENT");

  private final Platform platform;
  private final PollerBackend backend;
  private final LongConsumer closedWhileRegistered;

  @SuppressWarnings("FieldMayBeFinal") // written through POLLING
  private volatile boolean polling;

  private volatile boolean pollsNoMore;

  private Poller(Platform platform, LongConsumer closedWhileRegistered) throws IOException {
    this.platform = platform;
    this.closedWhileRegistered = closedWhileRegistered;
    this.backend = platform.openPoller();
  }

  /**
   * Opens a poller on this system. Any thread.
   *
   * @return the poller, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   * @throws IllegalStateException if native access is not granted; the message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system
   */
  public static Poller open() throws IOException {
    return open(CurrentPlatform.get(), token -> {});
  }

  /**
   * Opens a poller on a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @param closedWhileRegistered told the token of each pollable that is closed without having been
   *     deregistered, on the closing thread, after the kernel has forgotten it and before its
   *     descriptor can be used again
   * @return the poller, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static Poller open(Platform platform, LongConsumer closedWhileRegistered)
      throws IOException {
    return new Poller(platform, closedWhileRegistered);
  }

  /**
   * Puts a pollable into the kernel's set. With {@link Interest#NONE} it is only remembered. Any
   * thread.
   *
   * @param pollable what to watch; with one poller at a time
   * @param token comes back with each of its events; not {@link #RESERVED_TOKEN}
   * @param interest what to report
   * @param trigger how often to report it
   * @throws IOException if the kernel refuses, {@code EPERM} for a plain file for instance; nothing
   *     is registered then
   * @throws ClosedChannelException if the pollable is closed
   * @throws IllegalArgumentException if the token is the reserved one or the pollable belongs to
   *     another platform
   * @throws IllegalStateException if the pollable is registered already with a poller that is open,
   *     or this is closed
   */
  public void register(Pollable pollable, long token, Interest interest, Trigger trigger)
      throws IOException {
    if (token == RESERVED_TOKEN) {
      throw new IllegalArgumentException("token -1 is the waker's, choose another");
    }
    if (!pollable.platform().equals(platform)) {
      throw new IllegalArgumentException(
          "%s belongs to %s, not to %s: make it where the poller is made, or name the poller's platform as you make it"
              .formatted(pollable, pollable.platform().name(), platform.name()));
    }
    PollerEntry entry = pollable.entry;
    int result;
    pollable.acquire();
    try {
      synchronized (entry) {
        checkStillOpen(pollable);
        if (entry.poller != null && entry.poller.isStillOpen()) {
          result = ALREADY_REGISTERED;
        } else {
          // What a closed poller knew is over; the kernel forgets it with its last poll.
          entry.poller = null;
          entry.interest = Interest.NONE;
          result = arm(pollable, token, Interest.NONE, interest, trigger);
          if (result >= 0) {
            entry.interest = interest;
            entry.poller = this;
            entry.token = token;
          }
        }
      }
    } finally {
      pollable.release();
    }
    require(result, pollable, interest);
  }

  /**
   * Changes what is reported for a pollable, and re-arms a one-shot that has fired. Any thread.
   *
   * <p>{@link Interest#NONE} takes it out of the kernel's set; it stays registered and can be given
   * an interest again.
   *
   * @param pollable registered here
   * @param interest what to report from now on
   * @param trigger how often
   * @throws IOException if the kernel refuses; the old interest stays
   * @throws ClosedChannelException if the pollable is closed
   * @throws IllegalStateException if it is not registered here, or this is closed
   */
  public void change(Pollable pollable, Interest interest, Trigger trigger) throws IOException {
    PollerEntry entry = pollable.entry;
    int result;
    pollable.acquire();
    try {
      synchronized (entry) {
        checkStillOpen(pollable);
        if (entry.poller != this) {
          result = NOT_REGISTERED;
        } else {
          result = arm(pollable, entry.token, entry.interest, interest, trigger);
          if (result >= 0) {
            entry.interest = interest;
          }
        }
      }
    } finally {
      pollable.release();
    }
    require(result, pollable, interest);
  }

  /**
   * Takes a pollable out. Any thread. Does nothing if it is not registered here, or closed. A
   * borrowed descriptor that its owner has closed meanwhile is out already, which is no failure.
   *
   * <p>When this returns, no later poll reports it; a poll that is under way on another thread may
   * still bring its token.
   *
   * @param pollable registered here
   * @return true if it was registered
   */
  public boolean deregister(Pollable pollable) {
    PollerEntry entry = pollable.entry;
    int result = 0;
    synchronized (entry) {
      if (entry.poller != this) {
        return false;
      }
      if (entry.interest != Interest.NONE) {
        result = remove(pollable.fd());
      }
      entry.interest = Interest.NONE;
      entry.poller = null;
    }
    requireRemoved(result, pollable);
    return true;
  }

  /** Deregisters a pollable that is being closed; its descriptor is still open. */
  void forget(Pollable pollable) {
    PollerEntry entry = pollable.entry;
    int result = 0;
    long token;
    synchronized (entry) {
      if (entry.poller != this) {
        return;
      }
      token = entry.token;
      if (entry.interest != Interest.NONE) {
        result = remove(pollable.fd());
      }
      entry.interest = Interest.NONE;
      entry.poller = null;
    }
    closedWhileRegistered.accept(token);
    requireRemoved(result, pollable);
  }

  /**
   * Waits until something is ready, {@link #wake()} is called or the time is over. One thread at a
   * time.
   *
   * @param events overwritten with what is ready; what does not fit comes with the next poll
   * @param timeoutNs how long to wait at most, in nanoseconds; never shortened by rounding. 0 does
   *     not wait, {@link #FOREVER} (or any negative number) waits without end
   * @return the number of events; 0 after a wake-up, a signal or the end of the time. A caller that
   *     has a deadline looks at the clock
   * @throws IOException if the kernel refuses to poll
   * @throws IllegalStateException if this is closed, or another thread polls
   */
  public int poll(ReadyEvents events, long timeoutNs) throws IOException {
    enterOpen();
    int result;
    try {
      if (!POLLING.compareAndSet(this, false, true)) {
        throw new IllegalStateException("another thread polls this poller; one at a time");
      }
      try {
        events.clear();
        result = backend.poll(events, timeoutNs);
      } finally {
        POLLING.setRelease(this, false);
      }
    } finally {
      exit();
    }
    if (result < 0) {
      throw platform.errnos().exception("poll", result);
    }
    return events.size();
  }

  /**
   * Says that nobody polls any more and that this is closed next: what is taken out, or closed,
   * from now on costs no system call where the kernel forgets all of it with {@link #close()}. Any
   * thread.
   */
  public void endPolling() {
    pollsNoMore = backend.forgetsWithClose();
  }

  /**
   * Ends the poll that waits, or else the next one, at once. Any thread. Calls that come before a
   * poll has seen the first one cost nothing more. Does nothing once this is closed.
   */
  public void wake() {
    backend.wake();
  }

  /**
   * Closes the poller; what is registered stays open, hears nothing more and may be registered with
   * another. Any thread; a second call does nothing.
   *
   * <p>A poll that waits on another thread is woken, and gives the kernel's resources back as it
   * returns.
   */
  @Override
  public void close() {
    if (beginClose()) {
      backend.wake();
      exit();
    }
  }

  @Override
  void dispose() {
    backend.close();
  }

  /** {@return the platform underneath} Any thread. */
  public Platform platform() {
    return platform;
  }

  /** {@return the platform's name, and {@code closed} if it is} Any thread. */
  @Override
  public String toString() {
    return "Poller[" + platform.name() + (isStillOpen() ? "]" : ", closed]");
  }

  // Called under the entry's lock; the caller keeps the books.
  private int arm(Pollable pollable, long token, Interest from, Interest to, Trigger trigger) {
    int fd = pollable.fd();
    enterOpen();
    try {
      if (from == Interest.NONE) {
        return to == Interest.NONE ? 0 : backend.add(fd, pollable.kind(), token, to, trigger);
      }
      return to == Interest.NONE ? removeOpen(fd) : backend.modify(fd, token, to, trigger);
    } finally {
      exit();
    }
  }

  // A closed poller has forgotten everything, and one that is closed next is about to: with all the
  // descriptors that were closed meanwhile, also those that have a duplicate.
  private int remove(int fd) {
    if (pollsNoMore || !enter()) {
      return 0;
    }
    try {
      return removeOpen(fd);
    } finally {
      exit();
    }
  }

  private int removeOpen(int fd) {
    int result = backend.remove(fd);
    return result < 0 && GONE.contains(platform.errnos().name(-result)) ? 0 : result;
  }

  // Not under the lock: a pollable's toString may be the user's.
  private void require(int result, Pollable pollable, Interest interest) throws IOException {
    if (result == ALREADY_REGISTERED) {
      throw new IllegalStateException(
          pollable + " is registered already: change its interest, or deregister it first");
    }
    if (result == NOT_REGISTERED) {
      throw new IllegalStateException(pollable + " is not registered with this poller");
    }
    if (result < 0) {
      throw platform.errnos().exception("register(" + pollable + ", " + interest + ")", result);
    }
  }

  private void requireRemoved(int result, Pollable pollable) {
    if (result < 0) {
      throw new IllegalStateException(
          platform.errnos().exception("deregister(" + pollable + ")", result));
    }
  }

  private void enterOpen() {
    if (!enter()) {
      throw new IllegalStateException("the poller is closed");
    }
  }

  // Asked under the entry's lock, which close() takes after it has marked itself: what is open
  // here is found by close().
  private static void checkStillOpen(Pollable pollable) throws ClosedChannelException {
    if (!pollable.isOpen()) {
      throw new ClosedChannelException();
    }
  }
}
