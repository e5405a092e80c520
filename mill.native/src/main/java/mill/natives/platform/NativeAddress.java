package mill.natives.platform;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A socket address as the kernel writes it: reusable memory for one {@code sockaddr}.
 *
 * <p>Lets a datagram be received and answered without making an object for its sender. Not
 * thread-safe. The memory is freed when the object becomes unreachable.
 */
public final class NativeAddress {
  /**
   * How many bytes the largest address takes, {@code sizeof(struct sockaddr_storage)} everywhere.
   */
  public static final int CAPACITY_BYTES = 128;

  private final MemorySegment segment = Arena.ofAuto().allocate(CAPACITY_BYTES, Long.BYTES);
  private int length;

  /** Makes an empty address. */
  public NativeAddress() {}

  /**
   * Gives the memory.
   *
   * @return {@value #CAPACITY_BYTES} bytes, of which {@link #length()} count
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Tells how many bytes count.
   *
   * @return 0 for no address
   */
  public int length() {
    return length;
  }

  /**
   * Says how many bytes count. For platforms.
   *
   * @param length what the kernel reported; more than {@value #CAPACITY_BYTES} is cut off
   */
  public void setLength(int length) {
    this.length = Math.clamp(length, 0, CAPACITY_BYTES);
  }
}
