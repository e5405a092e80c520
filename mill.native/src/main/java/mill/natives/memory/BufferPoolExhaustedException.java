package mill.natives.memory;

import java.io.Serial;

/**
 * A {@link BufferPool} may not reserve more memory and has no idle buffer that fits. The caller
 * sheds load, or tries again after a release; {@link BufferPool#tryAcquire(int)} says the same
 * without an exception.
 */
public final class BufferPoolExhaustedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private BufferPoolExhaustedException(String message) {
    super(message);
  }

  static BufferPoolExhaustedException of(int capacityBytes, BufferPoolMetrics metrics) {
    return new BufferPoolExhaustedException(
        "no buffer of "
            + capacityBytes
            + " bytes is free: "
            + metrics.outstanding()
            + " buffers are lent, "
            + metrics.reservedBytes()
            + " of at most "
            + metrics.capBytes()
            + " bytes are reserved; release buffers sooner, or raise BufferPoolConfig.maxBytes");
  }
}
