package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Messages of texts. */
final class Messages {
  private Messages() {}

  static Message of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  static Message of(byte[] bytes) {
    return Message.copyOf(MemorySegment.ofArray(bytes), 0, bytes.length);
  }
}
