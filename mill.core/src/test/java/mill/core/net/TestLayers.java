package mill.core.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/** Layers that do in small what TLS and SOCKS do. */
final class TestLayers {
  private TestLayers() {}

  /** How often layers were closed, so that none is forgotten. */
  static final class Counted {
    final AtomicInteger made = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
  }

  /**
   * Bytes in records: two bytes of length, then the bytes, each mixed with a key. A record of no
   * bytes is the orderly end; an end without it is an error, as with TLS.
   */
  static class Records implements Layer {
    private static final int MOST = 1000;
    private final int key;
    private final Counted counted;
    boolean heardEnd;

    Records(int key, Counted counted) {
      this.key = key;
      this.counted = counted;
      counted.made.incrementAndGet();
    }

    @Override
    public long decode(Site site, MemorySegment m, long from, long to) throws IOException {
      if (to - from < 2) {
        return 0;
      }
      int length = byteAt(m, from) << 8 | byteAt(m, from + 1);
      if (length > MOST) {
        site.down().put((byte) 0xff).put((byte) 0xff); // an alert
        throw new IOException("a record of " + length);
      }
      if (to - from < 2 + length) {
        return 0;
      }
      if (length == 0) {
        heardEnd = true;
        site.ended();
      } else {
        mix(m, from + 2, length, site.up());
      }
      return 2L + length;
    }

    @Override
    public long encode(Site site, MemorySegment m, long from, long to) {
      int length = (int) Math.min(MOST, to - from);
      site.down().put((byte) (length >> 8)).put((byte) length);
      mix(m, from, length, site.down());
      return length;
    }

    private void mix(MemorySegment from, long at, int length, Output to) {
      MemorySegment room = to.reserve(length);
      long position = to.position();
      for (int i = 0; i < length; i++) {
        room.set(
            ValueLayout.JAVA_BYTE,
            position + i,
            (byte) (from.get(ValueLayout.JAVA_BYTE, at + i) ^ key));
      }
      to.advance(length);
    }

    @Override
    public void end(Site site) {
      site.down().put((byte) 0).put((byte) 0);
    }

    @Override
    public void cut(Site site) throws IOException {
      throw new IOException("cut off without its end");
    }

    @Override
    public void close() {
      counted.closed.incrementAndGet();
    }
  }

  static int byteAt(MemorySegment m, long at) {
    return m.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  /** What {@link Records} makes of a text. */
  static byte[] record(int key, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    var made = new ByteArrayOutputStream();
    made.write(bytes.length >> 8);
    made.write(bytes.length);
    for (byte b : bytes) {
      made.write(b ^ key);
    }
    return made.toByteArray();
  }

  /**
   * How many bytes are in the records that a connection has sent; fails if they do not end well.
   */
  static int lengthOf(byte[] records) {
    int total = 0;
    int at = 0;
    while (at < records.length) {
      int length = ((records[at] & 0xff) << 8) | (records[at + 1] & 0xff);
      at += 2 + length;
      total += length;
      if (length == 0 && at != records.length) {
        throw new AssertionError("an end in the middle, at " + at + " of " + records.length);
      }
    }
    if (at != records.length || records[at - 1] != 0 || records[at - 2] != 0) {
      throw new AssertionError("no orderly end");
    }
    return total;
  }

  /**
   * Says lines in turns before it is ready, then lets all pass: the client begins with "hello", the
   * server answers "welcome", the client ends with "go".
   */
  static class Handshake implements Layer {
    private final boolean client;
    private final boolean bypasses;
    private boolean welcomed;

    Handshake(boolean client, boolean bypasses) {
      this.client = client;
      this.bypasses = bypasses;
    }

    @Override
    public void start(Site site) {
      if (client) {
        site.down().putAscii("hello\n");
      }
    }

    @Override
    public long decode(Site site, MemorySegment m, long from, long to) throws IOException {
      if (welcomed) {
        site.up().put(m, from, to - from);
        return to - from;
      }
      long at = from;
      while (at < to && byteAt(m, at) != '\n') {
        at++;
      }
      if (at == to) {
        return 0;
      }
      String line = Recorder.text(m, from, at - from);
      switch (line) {
        case "hello" -> site.down().putAscii("welcome\n");
        case "welcome" -> {
          site.down().putAscii("go\n");
          done(site);
        }
        case "go" -> done(site);
        default -> {
          site.down().putAscii("what?\n");
          site.fail(new IOException("what is " + line + "?"));
        }
      }
      return at + 1 - from;
    }

    void done(Site site) {
      welcomed = true;
      if (bypasses) {
        site.bypass();
      } else {
        site.ready();
      }
    }

    @Override
    public long encode(Site site, MemorySegment m, long from, long to) {
      site.down().put(m, from, to - from);
      return to - from;
    }
  }

  /** Lets an executor decide over each line, as TLS does with its certificates. */
  static final class Delegating implements Layer {
    private final Executor executor;
    private volatile String answer;
    private boolean asked;
    final AtomicInteger calls = new AtomicInteger();

    Delegating(Executor executor) {
      this.executor = executor;
    }

    @Override
    public void start(Site site) {}

    @Override
    public long decode(Site site, MemorySegment m, long from, long to) {
      calls.incrementAndGet();
      if (!asked) {
        asked = true;
        site.hold();
        executor.execute(() -> {
          answer = "judged ";
          site.release();
        });
        return 0;
      }
      if (answer != null) {
        site.up().putAscii(answer);
        answer = null;
        site.ready();
      }
      site.up().put(m, from, to - from);
      return to - from;
    }

    @Override
    public long encode(Site site, MemorySegment m, long from, long to) {
      site.down().put(m, from, to - from);
      return to - from;
    }
  }
}
