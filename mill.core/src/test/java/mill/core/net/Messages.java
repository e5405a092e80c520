package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Messages of texts, and bytes to send. */
final class Messages {
  private Messages() {}

  static Message of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  static Message of(byte[] bytes) {
    return Message.copyOf(MemorySegment.ofArray(bytes), 0, bytes.length);
  }

  /** Bytes that show it when some are lost, or change their places. */
  static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + i / 251);
    }
    return bytes;
  }
}
