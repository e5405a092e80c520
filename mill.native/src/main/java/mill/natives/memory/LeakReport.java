package mill.natives.memory;

import java.util.List;

/**
 * A buffer that nobody has released, and where it was acquired. Immutable, any thread.
 *
 * @param cause why it is reported
 * @param capacityBytes its size, in bytes
 * @param threadName the thread that acquired it
 * @param acquiredAt the stack at that moment, the caller of the pool first
 */
public record LeakReport(
    Cause cause, int capacityBytes, String threadName, List<StackTraceElement> acquiredAt) {

  /** Why a buffer is reported. */
  public enum Cause {
    /** Its owner lost it, the garbage collector found it. Its memory is back in the pool. */
    UNREACHABLE,
    /** It was lent when its pool was closed. It stays valid; the pool's memory waits for it. */
    OPEN_AT_CLOSE
  }

  /**
   * Puts a report together.
   *
   * @throws NullPointerException if {@code acquiredAt} is null
   */
  public LeakReport {
    acquiredAt = List.copyOf(acquiredAt);
  }

  /** {@return the report as a log line, followed by the stack} */
  @Override
  public String toString() {
    var text = new StringBuilder("LEAK: a buffer of ").append(capacityBytes).append(" bytes ");
    text.append(
        switch (cause) {
          case UNREACHABLE -> "became unreachable without release()";
          case OPEN_AT_CLOSE -> "was still lent when its pool was closed";
        });
    text.append("; acquired by thread ").append(threadName).append(" at");
    for (StackTraceElement frame : acquiredAt) {
      text.append(System.lineSeparator()).append("\tat ").append(frame);
    }
    return text.toString();
  }
}
