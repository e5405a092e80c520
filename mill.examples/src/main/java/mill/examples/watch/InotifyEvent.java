package mill.examples.watch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@code struct inotify_event}.
 *
 * <pre>
 *   0    4      8        12    16
 *   │ wd │ mask │ cookie │ len │ name, zeros up to len … │ the next one
 * </pre>
 *
 * @param watch whose event it is, or -1 if nobody's ({@link WatchEvent#Q_OVERFLOW})
 * @param mask what happened
 * @param cookie the same for the two halves of a renaming, else 0
 * @param name of what it happened to within the watched directory; empty if it is the watched file
 *     or directory itself
 */
record InotifyEvent(int watch, int mask, int cookie, String name) {
  /** The least that a buffer must hold: an event with the longest name there is. */
  static final int MAX_BYTES = 16 + 255 + 1;

  private static final int MASK_OFFSET = 4;
  private static final int COOKIE_OFFSET = 8;
  private static final int LENGTH_OFFSET = 12;
  private static final int NAME_OFFSET = 16;

  /**
   * Takes what one read of an inotify descriptor returned. The kernel hands out whole events only.
   *
   * @param buffer what was read into, aligned to 4 bytes
   * @param lengthBytes how much was read
   * @throws IllegalArgumentException if the last event is cut off
   */
  static List<InotifyEvent> decode(MemorySegment buffer, long lengthBytes) {
    List<InotifyEvent> events = new ArrayList<>();
    long offset = 0;
    while (offset < lengthBytes) {
      requireWhole(offset, NAME_OFFSET, lengthBytes);
      int nameBytes = buffer.get(JAVA_INT, offset + LENGTH_OFFSET);
      requireWhole(offset, NAME_OFFSET + Integer.toUnsignedLong(nameBytes), lengthBytes);
      events.add(
          new InotifyEvent(
              buffer.get(JAVA_INT, offset),
              buffer.get(JAVA_INT, offset + MASK_OFFSET),
              buffer.get(JAVA_INT, offset + COOKIE_OFFSET),
              name(buffer.asSlice(offset + NAME_OFFSET, nameBytes))));
      offset += NAME_OFFSET + nameBytes;
    }
    return events;
  }

  boolean is(WatchEvent event) {
    return event.in(mask);
  }

  private static String name(MemorySegment padded) {
    int length = 0;
    while (length < padded.byteSize() && padded.get(JAVA_BYTE, length) != 0) {
      length++;
    }
    byte[] bytes = padded.asSlice(0, length).toArray(JAVA_BYTE);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void requireWhole(long offset, long eventBytes, long lengthBytes) {
    if (lengthBytes - offset < eventBytes) {
      throw new IllegalArgumentException(
          "the event at byte "
              + offset
              + " is cut off: it has "
              + eventBytes
              + " bytes or more, and "
              + (lengthBytes - offset)
              + " are left");
    }
  }
}
