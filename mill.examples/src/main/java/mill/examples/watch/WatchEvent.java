package mill.examples.watch;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The bits of an inotify mask, with the names of {@code inotifywait(1)} and in its order. */
enum WatchEvent {
  ACCESS(0x1),
  MODIFY(0x2),
  ATTRIB(0x4),
  CLOSE_WRITE(0x8),
  CLOSE_NOWRITE(0x10),
  OPEN(0x20),
  MOVED_FROM(0x40),
  MOVED_TO(0x80),
  CREATE(0x100),
  DELETE(0x200),
  DELETE_SELF(0x400),
  UNMOUNT(0x2000),
  Q_OVERFLOW(0x4000),
  IGNORED(0x8000),
  CLOSE(CLOSE_WRITE.bits | CLOSE_NOWRITE.bits),
  MOVE_SELF(0x800),
  ISDIR(0x4000_0000),
  ONESHOT(0x8000_0000);

  /** What can be asked for, and is unless something else is: {@code IN_ALL_EVENTS}. */
  static final int ALL = 0xfff;

  private final int bits;

  WatchEvent(int bits) {
    this.bits = bits;
  }

  int bits() {
    return bits;
  }

  /** Whether a mask holds this. */
  boolean in(int mask) {
    return (mask & bits) != 0;
  }

  /** Names the bits of a mask: {@code CLOSE_WRITE,CLOSE}. */
  static String names(int mask) {
    String names =
        Arrays.stream(values())
            .filter(event -> event.in(mask))
            .map(WatchEvent::name)
            .collect(Collectors.joining(","));
    return names.isEmpty() ? String.format(Locale.ROOT, "0x%08x", mask) : names;
  }

  /**
   * Reads the names of what can be asked for: {@code create,close_write,move}.
   *
   * @throws IllegalArgumentException if one is none
   */
  static int mask(String names) {
    int mask = 0;
    for (String name : names.split(",", -1)) {
      mask |= bitsOf(name.toUpperCase(Locale.ROOT));
    }
    return mask;
  }

  private static int bitsOf(String name) {
    if (name.equals("MOVE")) {
      return MOVED_FROM.bits | MOVED_TO.bits;
    }
    int bits = UNMOUNT.name().equals(name) ? UNMOUNT.bits : 0;
    for (WatchEvent event : values()) {
      if (event.in(ALL) && event.name().equals(name)) {
        bits = event.bits;
      }
    }
    if (bits == 0) {
      throw new IllegalArgumentException(name.toLowerCase(Locale.ROOT));
    }
    return bits;
  }
}
