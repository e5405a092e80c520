package mill.core.internal;

/** A task that is told when it will not be run. */
public interface Abandonable extends Runnable {
  /** {@return whether it does not matter any more: running it would do nothing} */
  boolean isDone();

  /**
   * Called once, instead of {@link #run}, when the task will not be run.
   *
   * @param reason why
   */
  void abandon(String reason);
}
