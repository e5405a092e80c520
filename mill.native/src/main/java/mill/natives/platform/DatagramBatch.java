package mill.natives.platform;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Several datagrams that are sent or received with one call ({@code sendmmsg(2)}, {@code
 * recvmmsg(2)}), each with its address. Where the system has no such call, with one call for each.
 *
 * <p>Reusable, so that nothing is made for each datagram; what was received can be sent back as it
 * is. Not thread-safe.
 */
public final class DatagramBatch {
  /** How many datagrams one batch has at most ({@code UIO_MAXIOV}). */
  public static final int MAX_DATAGRAMS = 1024;

  /** How much memory a platform has for its own structures, in bytes for each datagram. */
  public static final int STRUCTURE_BYTES = 128;

  private static final int MAX_SEGMENT_BYTES = 0xffff;

  private final MemorySegment memory;
  private final int slotBytes;
  private final MemorySegment structures;
  private final ControlData control;
  private final MemorySegment[] buffers;
  private final NativeAddress[] addresses;
  private final int[] lengths;
  private final int[] segments;
  private final boolean[] truncated;
  private int count;

  /**
   * Makes an empty batch.
   *
   * @param platform that of the sockets it is used with
   * @param memory holds the datagrams, in equal parts; off-heap, the caller's, and allocated for as
   *     long as the batch is used
   * @param capacity how many datagrams, 1 to {@value #MAX_DATAGRAMS}
   * @throws IllegalArgumentException if the memory is on the heap, read-only, or has less than a
   *     byte for each datagram
   */
  public DatagramBatch(Platform platform, MemorySegment memory, int capacity) {
    if (capacity < 1 || capacity > MAX_DATAGRAMS) {
      throw new IllegalArgumentException("a batch has 1 to 1024 datagrams, not " + capacity);
    }
    if (!memory.isNative() || memory.isReadOnly() || memory.byteSize() < capacity) {
      throw new IllegalArgumentException(
          "not writable off-heap memory for %d datagrams: %s".formatted(capacity, memory));
    }
    this.memory = memory;
    slotBytes = (int) Math.min(memory.byteSize() / capacity, Integer.MAX_VALUE);
    structures = Arena.ofAuto().allocate((long) capacity * STRUCTURE_BYTES, Long.BYTES);
    control = new ControlData(platform);
    buffers = new MemorySegment[capacity];
    addresses = new NativeAddress[capacity];
    for (int i = 0; i < capacity; i++) {
      buffers[i] = memory.asSlice((long) i * slotBytes, slotBytes);
      addresses[i] = new NativeAddress();
    }
    lengths = new int[capacity];
    segments = new int[capacity];
    truncated = new boolean[capacity];
  }

  static int checkedSegment(int bytes) {
    if (bytes < 0 || bytes > MAX_SEGMENT_BYTES) {
      throw new IllegalArgumentException("a segment has 0 to 65535 bytes, not " + bytes);
    }
    return bytes;
  }

  /** {@return how many datagrams there is room for} */
  public int capacity() {
    return buffers.length;
  }

  /** {@return how many datagrams the last receive brought} */
  public int count() {
    return count;
  }

  /** {@return how many bytes there are for each datagram} */
  public int slotBytes() {
    return slotBytes;
  }

  /**
   * {@return the memory of one datagram, always the same}
   *
   * @param index from 0 to {@link #capacity()} - 1
   */
  public MemorySegment buffer(int index) {
    return buffers[index];
  }

  /**
   * {@return where one datagram came from or goes to; of length 0 for the connected peer}
   *
   * @param index from 0 to {@link #capacity()} - 1
   */
  public NativeAddress address(int index) {
    return addresses[index];
  }

  /**
   * {@return how many bytes of its memory one datagram has}
   *
   * @param index from 0 to {@link #capacity()} - 1
   */
  public int length(int index) {
    return lengths[index];
  }

  /**
   * Says how many bytes of its memory one datagram has.
   *
   * @param index from 0 to {@link #capacity()} - 1
   * @param bytes 0 to {@link #slotBytes()}
   */
  public void setLength(int index, int bytes) {
    Objects.checkFromIndexSize(0, bytes, slotBytes);
    lengths[index] = bytes;
  }

  /**
   * {@return the size of the datagrams that are one here ({@code UDP_GRO}, {@code UDP_SEGMENT}),
   * the last of which may be shorter; 0 for one that is one}
   *
   * @param index from 0 to {@link #capacity()} - 1
   */
  public int segmentBytes(int index) {
    return segments[index];
  }

  /**
   * Has one sent as datagrams of a size; see {@link ControlData#setSegmentBytes}. Linux.
   *
   * @param index from 0 to {@link #capacity()} - 1
   * @param bytes 0 for one datagram, at most 65,535
   */
  public void setSegmentBytes(int index, int bytes) {
    segments[index] = checkedSegment(bytes);
  }

  /**
   * {@return whether one was longer than its memory: the rest of it is lost}
   *
   * @param index from 0 to {@link #count()} - 1
   */
  public boolean isTruncated(int index) {
    return truncated[index];
  }

  /** {@return all of the memory, to see whether it can still be used. For platforms} */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * {@return room for a platform's structures, {@value #STRUCTURE_BYTES} bytes for each datagram}
   */
  public MemorySegment structures() {
    return structures;
  }

  /** {@return control data for calls that move one datagram. For platforms} */
  public ControlData control() {
    return control;
  }

  /**
   * Says how many were received. For platforms.
   *
   * @param received how many
   */
  public void setCount(int received) {
    count = received;
  }

  /**
   * Notes what came. For platforms.
   *
   * @param index which
   * @param bytes its size
   * @param cutOff whether it was longer than its memory
   * @param segmentBytes the size of its segments, 0 for none
   */
  public void received(int index, int bytes, boolean cutOff, int segmentBytes) {
    lengths[index] = bytes;
    truncated[index] = cutOff;
    segments[index] = segmentBytes;
  }
}
