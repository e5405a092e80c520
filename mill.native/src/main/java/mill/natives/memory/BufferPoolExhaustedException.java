package mill.natives.memory;

import java.io.Serial;

/**
 * Thrown when a {@link BufferPool} may not reserve more memory and has no idle buffer that fits.
 * The caller sheds load, or tries again after a release; {@link BufferPool#tryAcquire(int)} says
 * the same without an exception.
 */
public final class BufferPoolExhaustedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private BufferPoolExhaustedException(String message) {
    super(message);
  }

  static BufferPoolExhaustedException of(int capacityBytes, PoolStats stats) {
    return new BufferPoolExhaustedException(
        "no buffer of "
            + capacityBytes
            + " bytes is free: "
            + stats.outstanding()
            + " buffers are lent, "
            + stats.reservedBytes()
            + " of at most "
            + stats.capBytes()
            + " bytes are reserved; release buffers sooner, or raise BufferPoolConfig.maxBytes");
  }
}
