package mill.core.internal;

import java.time.Duration;

/** Checks of values that a user sets: each returns the value, or refuses it and tells the range. */
public final class Checks {
  private Checks() {}

  /**
   * Checks a number.
   *
   * @param name what it is called
   * @param value the number
   * @param min the smallest that is allowed
   * @param max the largest that is allowed
   * @return the number
   * @throws IllegalArgumentException if it is out of the range
   */
  public static int inRange(String name, int value, int min, int max) {
    return (int) inRange(name, (long) value, min, max);
  }

  /**
   * Checks a number.
   *
   * @param name what it is called
   * @param value the number
   * @param min the smallest that is allowed
   * @param max the largest that is allowed
   * @return the number
   * @throws IllegalArgumentException if it is out of the range
   */
  public static long inRange(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be " + min + " to " + max + ", not " + value);
    }
    return value;
  }

  /**
   * Checks a duration.
   *
   * @param name what it is called
   * @param value the duration
   * @param instead what to do instead of giving a negative one
   * @return the duration
   * @throws IllegalArgumentException if it is negative
   */
  public static Duration notNegative(String name, Duration value, String instead) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative: " + instead);
    }
    return value;
  }
}
