package mill.core.internal;

/** A task that wants to hear of it when it will not be run. */
public interface Abandonable extends Runnable {
  /**
   * Tells whether it does not matter any more.
   *
   * @return true if running it would do nothing
   */
  boolean isDone();

  /**
   * Hears that it will not be run. Instead of {@link #run}, and once.
   *
   * @param reason why
   */
  void abandon(String reason);
}
