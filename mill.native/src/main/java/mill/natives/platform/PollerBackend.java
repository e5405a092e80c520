package mill.natives.platform;

import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;

/**
 * A kernel's readiness queue and the waker that ends its wait.
 *
 * <p>{@link mill.natives.Poller} stands in front of it and keeps the books: it never adds a
 * descriptor twice, never changes or removes one that is not in, never passes an empty interest,
 * and never calls after {@link #close()}.
 */
public interface PollerBackend {
  /** The token of the waker's own events: never passed in, and never told to anybody. */
  long WAKER_TOKEN = -1L;

  /**
   * Puts a descriptor into the kernel's set. Any thread.
   *
   * @param fd the descriptor
   * @param token comes back with each event
   * @param interest what to report besides errors and hang-ups, not {@link Interest#NONE}
   * @param trigger how often
   * @return 0 or {@code -errno}
   */
  int add(int fd, long token, Interest interest, Trigger trigger);

  /**
   * Puts a descriptor of a kind into the kernel's set. Any thread.
   *
   * <p>By default the kind is not looked at, which is right where the events of a datagram socket
   * say by themselves that an error closes nothing.
   *
   * @param fd the descriptor
   * @param kind what it is
   * @param token comes back with each event
   * @param interest what to report besides errors and hang-ups, not {@link Interest#NONE}
   * @param trigger how often
   * @return 0 or {@code -errno}
   */
  default int add(int fd, DescriptorKind kind, long token, Interest interest, Trigger trigger) {
    return add(fd, token, interest, trigger);
  }

  /**
   * Changes what is reported for a descriptor in the set, and re-arms a one-shot that has fired.
   * Any thread.
   *
   * @param fd the descriptor
   * @param token comes back with each event
   * @param interest what to report besides errors and hang-ups, not {@link Interest#NONE}
   * @param trigger how often
   * @return 0 or {@code -errno}
   */
  int modify(int fd, long token, Interest interest, Trigger trigger);

  /**
   * Takes a descriptor out of the set. Any thread. A poll that is under way on another thread may
   * still report it.
   *
   * @param fd the descriptor
   * @return 0 or {@code -errno}
   */
  int remove(int fd);

  /**
   * {@return whether the kernel forgets the set with {@link #close()}} Nobody then takes out one by
   * one what is closed just before. False by default: operations that are under way for a
   * descriptor have to be ended before it is closed.
   */
  default boolean forgetsWithClose() {
    return false;
  }

  /**
   * Waits until something is ready, {@link #wake()} is called or the time is over. One thread at a
   * time.
   *
   * @param into empty when passed in; receives at most its capacity, and the mark of a wake-up
   * @param timeoutNs how long to wait at most in nanoseconds: never less, 0 for not at all,
   *     negative for without end
   * @return 0, or {@code -errno}; an interrupted wait is 0 with nothing in {@code into}
   */
  int poll(ReadyEvents into, long timeoutNs);

  /**
   * Ends the wait that is under way, or else the next one, at once. Any thread, also when several
   * call; many calls may end a single wait. Does nothing after {@link #close()}.
   */
  void wake();

  /** Gives everything back to the system. Nobody polls any more; called once. */
  void close();
}
