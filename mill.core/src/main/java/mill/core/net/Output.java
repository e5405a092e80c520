package mill.core.net;

import java.lang.foreign.MemorySegment;

/**
 * The end of a queue of bytes: what is put here goes out behind what was put before. On the thread
 * of its connection's loop. Nothing here allocates, waits or calls back.
 *
 * <p>After {@link Connection#end} or {@link Connection#close} what is put is dropped. A put that
 * finds more queued than {@link ConnectionConfig#queueLimit} allows is dropped and ends the
 * connection with {@link CloseCause.Kind#OVERFLOW}, unless the same callback had begun to put below
 * the limit; one that finds no memory ends it with {@link CloseCause.Kind#NO_MEMORY}. Neither
 * throws.
 */
public interface Output {
  /**
   * Puts a byte.
   *
   * @param b the byte
   * @return this
   */
  Output put(byte b);

  /**
   * Puts bytes of an array, copied.
   *
   * @param bytes holds them
   * @param from the first
   * @param length how many
   * @return this
   * @throws IndexOutOfBoundsException if the range is not inside the array
   */
  Output put(byte[] bytes, int from, int length);

  /**
   * Puts bytes of a segment, copied.
   *
   * @param source holds them, on or off the heap
   * @param offset where they begin, in bytes
   * @param length how many
   * @return this
   * @throws IndexOutOfBoundsException if the range is not inside the segment
   */
  Output put(MemorySegment source, long offset, long length);

  /**
   * Puts text, a byte for each char.
   *
   * @param text ASCII; every other char becomes a question mark
   * @return this
   */
  Output putAscii(String text);

  /**
   * Puts a number in decimal digits.
   *
   * @param value the number
   * @return this
   */
  Output putDecimal(long value);

  /**
   * Puts a number in four bytes, the highest first.
   *
   * @param value the number
   * @return this
   */
  Output putIntBE(int value);

  /**
   * Makes room to write into: the bytes of the returned segment from {@link #position} on. They are
   * put by {@link #advance}; any other put before that makes the room void.
   *
   * @param bytes how many are needed, 1 to 65,536
   * @return the segment, with that much room at least
   * @throws IllegalArgumentException if {@code bytes} is out of its range
   */
  MemorySegment reserve(int bytes);

  /** {@return where in the segment of {@link #reserve} the room begins, in bytes} */
  long position();

  /**
   * Puts what was written into the room of {@link #reserve}.
   *
   * @param bytes how many, from {@link #position} on; at most what was reserved
   * @throws IllegalArgumentException if that is more than was reserved
   */
  void advance(int bytes);

  /**
   * Leaves room for what is known later, a length for instance. Nothing from here on is sent before
   * it is patched; if the connection is closed without that, it is dropped from here on.
   *
   * @param bytes how many, 4 to 64; zero until patched
   * @return what to give to {@link #patchIntBE}
   * @throws IllegalArgumentException if {@code bytes} is out of its range
   */
  long hold(int bytes);

  /**
   * Writes a number into the first four bytes of held room, the highest first, and lets it be sent.
   *
   * @param held what {@link #hold} returned
   * @param value the number
   * @throws IllegalArgumentException if nothing is held there, and the connection has not ended
   */
  void patchIntBE(long held, int value);
}
