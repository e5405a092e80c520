package mill.examples.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32;
import mill.examples.command.Tool;

/** What tests send to the server, the sums that it answers, and a client of others. */
final class HttpClients {
  private HttpClients() {}

  static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  static String sum(byte... bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return "%08x".formatted(crc.getValue());
  }

  static String sum(String body) {
    return sum(body.getBytes(ISO_8859_1));
  }

  /** Fails unless wrk is served, without an error. */
  static void requireWrkIsServed(String url) throws Exception {
    String said = Tool.run("wrk", "wrk", "-t", "1", "-c", "16", "-d", "1s", "--timeout", "9s", url);
    assertThat(said)
        .containsPattern("[1-9]\\d* requests in ")
        .doesNotContain("Socket errors", "Non-2xx");
  }
}
