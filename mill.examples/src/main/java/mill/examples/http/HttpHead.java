package mill.examples.http;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import mill.core.net.Framer;

/** Finds and parses the head of a request, and refuses what servers do not agree upon. */
final class HttpHead {
  /** How long a head may be, in bytes. */
  static final int MAX_LENGTH = 16 << 10;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final boolean[] TOKEN = new boolean[256];
  private static final int EMPTY_LINE = 0x0d0a0d0a;
  private static final int HEAD = 0x48454144;
  private static final long HTTP_1_0 = 0x485454502f312e30L;
  private static final long NONE = -1;

  // What a head has said.
  private static final int HTTP_1_1 = 1;
  private static final int IS_HEAD = 1 << 1;
  private static final int CLOSE = 1 << 2;
  private static final int KEEP_ALIVE = 1 << 3;
  private static final int UPGRADE = 1 << 4;
  private static final int FRAMES = 1 << 5;
  private static final int WAITS = 1 << 6;
  private static final int HOST = 1 << 7;

  static {
    for (int c = '!'; c <= '~'; c++) {
      TOKEN[c] = "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0;
    }
  }

  private int said;
  private long contentLength;

  /** As {@link Framer#frame}: a head ends with an empty line. */
  static long frame(MemorySegment m, long from, long seen, long to) {
    long last = Math.max(from, seen - 3) + 3; // where the last byte of an empty line may be
    while (last < to) {
      int c = byteAt(m, last);
      if (c == '\n' && m.get(INT, last - 3) == EMPTY_LINE) {
        return last + 1 - from;
      }
      last += c == '\r' ? 1 : c == '\n' ? 2 : 4;
    }
    return Framer.INCOMPLETE;
  }

  private boolean has(int all) {
    return (said & all) == all;
  }

  long contentLength() {
    return Math.max(contentLength, 0);
  }

  boolean keepsAlive() {
    return !has(CLOSE) && (has(HTTP_1_1) || has(KEEP_ALIVE));
  }

  boolean isHead() {
    return has(IS_HEAD);
  }

  /** Whether the client waits for a word before it sends the body. */
  boolean waits() {
    return has(HTTP_1_1 | WAITS);
  }

  boolean wantsFrames() {
    return has(HTTP_1_1 | UPGRADE | FRAMES) && contentLength() == 0;
  }

  /** Returns 200, or the status that refuses it. */
  int parse(MemorySegment m, long offset, long length) {
    said = 0;
    contentLength = NONE;
    long end = offset + length - 2; // of the last line
    // Some clients end the body before with a line end.
    long at = byteAt(m, offset) == '\r' ? offset + 2 : offset;
    if (end < at + 2) {
      return 400;
    }
    int status = 200;
    for (boolean first = true; status == 200 && at < end; first = false) {
      long lineEnd = lineEnd(m, at, end);
      if (byteAt(m, lineEnd + 1) != '\n') {
        return 400;
      }
      status = first ? requestLine(m, at, lineEnd) : field(m, at, lineEnd);
      at = lineEnd + 2;
    }
    return status == 200 && has(HTTP_1_1) && !has(HOST) ? 400 : status;
  }

  // Where the next line end begins.
  private static long lineEnd(MemorySegment m, long at, long end) {
    long to = at;
    while (to < end && byteAt(m, to) != '\r') {
      to++;
    }
    return to;
  }

  private int requestLine(MemorySegment m, long from, long to) {
    long method = tokenEnd(m, from, to);
    long version = to - 8;
    if (method == from || version < method + 3 || byteAt(m, method) != ' ') {
      return 400;
    }
    for (long at = method + 1; at < version - 1; at++) {
      if (byteAt(m, at) <= ' ' || byteAt(m, at) == 0x7f) {
        return 400;
      }
    }
    long minor = m.get(LONG, version) - HTTP_1_0;
    if (byteAt(m, version - 1) != ' ' || minor >>> 24 != 0) { // not HTTP/…
      return 400;
    }
    said |= minor == 1 ? HTTP_1_1 : 0;
    said |= method == from + 4 && m.get(INT, from) == HEAD ? IS_HEAD : 0;
    return minor == 0 || minor == 1 ? 200 : 505;
  }

  private int field(MemorySegment m, long from, long to) {
    long colon = tokenEnd(m, from, to);
    if (colon == from || colon == to || byteAt(m, colon) != ':') {
      return 400; // a line that goes on, and a space before the colon, among others
    }
    for (long at = colon + 1; at < to; at++) {
      if (byteAt(m, at) < ' ' && byteAt(m, at) != '\t') {
        return 400;
      }
    }
    if (is(m, from, colon, "content-length")) {
      return length(m, skipBlank(m, colon + 1, to), to);
    } else if (is(m, from, colon, "transfer-encoding")) {
      return 501;
    } else if (is(m, from, colon, "host")) {
      if (has(HOST)) {
        return 400;
      }
      said |= HOST;
    } else if (is(m, from, colon, "connection")) {
      said |= word(m, colon + 1, to, "close", CLOSE);
      said |= word(m, colon + 1, to, "keep-alive", KEEP_ALIVE);
      said |= word(m, colon + 1, to, "upgrade", UPGRADE);
    } else if (is(m, from, colon, "upgrade")) {
      said |= word(m, colon + 1, to, "frames", FRAMES);
    } else if (is(m, from, colon, "expect")) {
      said |= word(m, colon + 1, to, "100-continue", WAITS);
    }
    return 200;
  }

  private int length(MemorySegment m, long from, long to) {
    long value = 0;
    long at = from;
    for (; at < to && byteAt(m, at) >= '0' && byteAt(m, at) <= '9'; at++) {
      value = value * 10 + byteAt(m, at) - '0';
      if (at - from == 18) {
        return 400;
      }
    }
    if (at == from
        || skipBlank(m, at, to) < to
        || (contentLength != NONE && contentLength != value)) {
      return 400;
    }
    contentLength = value;
    return 200;
  }

  /** What a word says, if it is in a list with commas between its words; else 0. */
  private static int word(MemorySegment m, long from, long to, String word, int says) {
    for (long at = from; at < to; at++) {
      long start = skipBlank(m, at, to);
      at = tokenEnd(m, start, to);
      if (is(m, start, at, word)) {
        return says;
      }
      while (at < to && byteAt(m, at) != ',') {
        at++;
      }
    }
    return 0;
  }

  private static boolean is(MemorySegment m, long from, long to, String lowerCase) {
    if (to - from != lowerCase.length()) {
      return false;
    }
    for (int i = 0; i < lowerCase.length(); i++) {
      int c = byteAt(m, from + i);
      if ((c >= 'A' && c <= 'Z' ? c | ' ' : c) != lowerCase.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static long skipBlank(MemorySegment m, long from, long to) {
    long at = from;
    while (at < to && (byteAt(m, at) == ' ' || byteAt(m, at) == '\t')) {
      at++;
    }
    return at;
  }

  private static long tokenEnd(MemorySegment m, long from, long to) {
    long at = from;
    while (at < to && TOKEN[byteAt(m, at)]) {
      at++;
    }
    return at;
  }

  private static int byteAt(MemorySegment m, long at) {
    return m.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }
}
