package mill.core.internal;

/**
 * Keeps the interrupt flag that one callback leaves from all later ones: it would break their
 * waits, and close their channels. Whoever ends the callbacks sets it again. One thread at a time.
 */
public final class InterruptFlag {
  private boolean raised;

  /** Makes one that has seen no interrupt. */
  public InterruptFlag() {}

  /** Lowers the thread's flag, and notes that it was up. Between two callbacks. */
  public void clear() {
    if (Thread.interrupted()) {
      raised = true;
    }
  }

  /** Raises the thread's flag if one was lowered. After the last callback. */
  public void restore() {
    if (raised) {
      raised = false;
      Thread.currentThread().interrupt();
    }
  }
}
