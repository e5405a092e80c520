package mill.natives.platform;

import java.util.HashMap;
import java.util.Map;
import mill.natives.ErrnoException;

/**
 * A platform's error numbers by name, and the few questions mill asks of them.
 *
 * <p>Immutable, any thread.
 */
public final class Errnos {
  // A call that does not wait is hardly ever interrupted even once.
  private static final int MAX_INTERRUPTIONS = 16;

  private final Map<Integer, String> names = new HashMap<>();
  private final Map<String, Integer> numbers;
  private final int again;
  private final int interrupted;
  private final int inProgress;
  private final int notConnected;

  /**
   * Makes a table.
   *
   * @param numbers the error numbers by name; {@code EAGAIN}, {@code EINTR}, {@code EINPROGRESS}
   *     and {@code ENOTCONN} must be there
   * @throws IllegalArgumentException if one of those is missing
   */
  public Errnos(Map<String, Integer> numbers) {
    this.numbers = Map.copyOf(numbers);
    // Of two names for one number the first by the alphabet: the map has an order of its own.
    this.numbers.forEach(
        (name, number) -> names.merge(number, name, (a, b) -> a.compareTo(b) < 0 ? a : b));
    again = number("EAGAIN");
    interrupted = number("EINTR");
    inProgress = number("EINPROGRESS");
    notConnected = number("ENOTCONN");
  }

  /**
   * Finds a number.
   *
   * @param name such as {@code ECONNREFUSED}
   * @return the positive number
   * @throws IllegalArgumentException if the table has no such name
   */
  public int number(String name) {
    Integer number = numbers.get(name);
    if (number == null) {
      throw new IllegalArgumentException("no error number named " + name);
    }
    return number;
  }

  /**
   * Finds a name.
   *
   * @param errno the positive number
   * @return the name, or {@code errno N} if the table has no such number
   */
  public String name(int errno) {
    return names.getOrDefault(errno, "errno " + errno);
  }

  /**
   * Tells whether a call failed only because it would have had to wait.
   *
   * @param result what the call returned
   * @return true for {@code -EAGAIN}
   */
  public boolean isWouldBlock(long result) {
    return result == -again;
  }

  /**
   * Tells whether a signal interrupted a call.
   *
   * @param result what the call returned
   * @return true for {@code -EINTR}
   */
  public boolean isInterrupted(long result) {
    return result == -interrupted;
  }

  /**
   * Tells whether a transfer that failed is to be made again at once: a signal has interrupted it,
   * and not too often. Who is told that it would block waits for an event, and an edge is not told
   * twice.
   *
   * @param result what the call returned
   * @param attempts how often it was made
   * @return true for {@code -EINTR}, up to 16 attempts
   */
  public boolean mayRetry(long result, int attempts) {
    return isInterrupted(result) && attempts < MAX_INTERRUPTIONS;
  }

  /**
   * Tells whether a connect goes on in the background.
   *
   * @param result what the call returned
   * @return true for {@code -EINPROGRESS}, and for {@code -EINTR}, after which a connect goes on as
   *     well
   */
  public boolean isInProgress(long result) {
    return result == -inProgress || result == -interrupted;
  }

  /**
   * Tells whether a socket has no peer.
   *
   * @param result what the call returned
   * @return true for {@code -ENOTCONN}
   */
  public boolean isNotConnected(long result) {
    return result == -notConnected;
  }

  /**
   * Makes the exception for a failed call.
   *
   * @param call the call's name, with what it was about where that helps
   * @param result what the call returned, {@code -errno}
   * @return the exception, to be thrown
   */
  public ErrnoException exception(String call, long result) {
    int errno = (int) -result;
    return new ErrnoException(call, errno, name(errno));
  }
}
