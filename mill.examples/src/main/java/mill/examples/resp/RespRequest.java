package mill.examples.resp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.Framer;

/**
 * Finds a request, an array of bulk strings or a line of words, and where its arguments are. One
 * for each connection: what {@link #frame} has found holds until it is asked for the next.
 */
final class RespRequest implements Framer {
  enum Command {
    NOTHING(0),
    PING(1),
    SET(3),
    GET(2),
    INCR(2),
    QUIT(1),
    UNKNOWN(-1);

    private final int arguments; // its name among them

    Command(int arguments) {
      this.arguments = arguments;
    }
  }

  private static final int MAX_ARGUMENTS = 1024;
  private static final int KEPT = 4; // one more than the longest command has
  private static final int MAX_DIGITS = 9;
  private static final int MAX_LINE = 64 << 10;
  private static final long MISSING = -1;
  private static final long WRONG = -2;

  private final int[] starts = new int[KEPT]; // from the request's first byte on
  private final int[] lengths = new int[KEPT];
  private int count;
  private long end; // behind the number that was read last, and its line end

  @Override
  public long frame(MemorySegment m, long from, long seen, long to) {
    count = 0;
    return byteAt(m, from) == '*' ? array(m, from, to) : line(m, from, seen, to);
  }

  private long array(MemorySegment m, long from, long to) {
    long arguments = number(m, from + 1, to);
    if (arguments < 0 || arguments > MAX_ARGUMENTS) {
      return arguments == MISSING ? INCOMPLETE : MALFORMED;
    }
    long at = end;
    for (long left = arguments; left > 0; left--) {
      if (at == to) {
        return from - at - 6 * left; // nothing is shorter than $0, with two line ends
      }
      long length = byteAt(m, at) == '$' ? number(m, at + 1, to) : WRONG;
      if (length < 0) {
        return length == MISSING ? INCOMPLETE : MALFORMED;
      }
      if (end + length + 2 > to) {
        return from - (end + length + 2);
      }
      if (byteAt(m, end + length) != '\r' || byteAt(m, end + length + 1) != '\n') {
        return MALFORMED;
      }
      argument(end - from, length);
      at = end + length + 2;
    }
    return at - from;
  }

  /** What is typed by hand: words and a line feed. */
  private long line(MemorySegment m, long from, long seen, long to) {
    long feed = seen;
    while (feed < to && byteAt(m, feed) != '\n') {
      feed++;
    }
    if (feed == to) {
      return to - from < MAX_LINE ? INCOMPLETE : MALFORMED;
    }
    for (long at = from; at < feed; at++) {
      long word = at;
      while (at < feed && byteAt(m, at) > ' ') {
        at++;
      }
      if (at > word) {
        argument(word - from, at - word);
      }
    }
    return feed + 1 - from;
  }

  // A length, and the line end behind it, whose end it notes.
  private long number(MemorySegment m, long from, long to) {
    long value = 0;
    for (long at = from; at < to; at++) {
      int c = byteAt(m, at);
      if (c == '\r' && at > from) {
        end = at + 2;
        return end > to ? MISSING : byteAt(m, at + 1) == '\n' ? value : WRONG;
      }
      if (c < '0' || c > '9' || at - from == MAX_DIGITS) {
        return WRONG;
      }
      value = value * 10 + c - '0';
    }
    return MISSING;
  }

  private void argument(long start, long length) {
    if (count < KEPT) {
      starts[count] = (int) start;
      lengths[count] = (int) length;
    }
    count++;
  }

  /** Returns what the request wants, if it has as many arguments as that takes. */
  Command command(MemorySegment m, long offset) {
    if (count == 0) {
      return Command.NOTHING;
    }
    int name = 0; // its first letters, in lower case
    for (int i = 0; i < lengths[0] && i < 4; i++) {
      name = name << 8 | byteAt(m, offset + starts[0] + i) | ' ';
    }
    Command command =
        switch (lengths[0] > 4 ? 0 : name) {
          case 'p' << 24 | 'i' << 16 | 'n' << 8 | 'g' -> Command.PING;
          case 's' << 16 | 'e' << 8 | 't' -> Command.SET;
          case 'g' << 16 | 'e' << 8 | 't' -> Command.GET;
          case 'i' << 24 | 'n' << 16 | 'c' << 8 | 'r' -> Command.INCR;
          case 'q' << 24 | 'u' << 16 | 'i' << 8 | 't' -> Command.QUIT;
          default -> Command.UNKNOWN;
        };
    return count == command.arguments ? command : Command.UNKNOWN;
  }

  long at(int argument) {
    return starts[argument];
  }

  int length(int argument) {
    return lengths[argument];
  }

  private static int byteAt(MemorySegment m, long at) {
    return m.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }
}
