package mill.examples.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.Framer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpHeadTest {
  private static final int BEFORE = 3; // a head stands behind others
  private static final String HOST = "Host: h\r\n";

  private final HttpHead head = new HttpHead();

  private static MemorySegment memory(String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    MemorySegment memory = Arena.ofAuto().allocate(BEFORE + bytes.length);
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, BEFORE, bytes.length);
    return memory;
  }

  private int parse(String text) {
    MemorySegment memory = memory(text);
    assertThat(HttpHead.frame(memory, BEFORE, BEFORE, memory.byteSize())).isEqualTo(text.length());
    return head.parse(memory, BEFORE, text.length());
  }

  private int get(String fields) {
    return parse("GET / HTTP/1.1\r\n" + HOST + fields + "\r\n");
  }

  @Test
  void headIsFoundWhereverItIsCut() {
    String text = "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n";
    MemorySegment whole = memory(text);
    long end = whole.byteSize();
    for (long first = BEFORE + 1; first < end; first++) {
      assertThat(HttpHead.frame(whole.asSlice(0, first), BEFORE, BEFORE, first))
          .isEqualTo(Framer.INCOMPLETE);
      for (long second = first; second < end; second++) {
        assertThat(HttpHead.frame(whole.asSlice(0, second), BEFORE, first, second))
            .isEqualTo(Framer.INCOMPLETE);
        assertThat(HttpHead.frame(whole, BEFORE, second, end)).isEqualTo(text.length());
      }
    }
  }

  @Test
  void fieldsAreUnderstoodInEitherCaseAndWithBlanks() {
    assertThat(get("CONTENT-length: \t12 \r\nExpect: 100-Continue\r\n")).isEqualTo(200);
    assertThat(head.contentLength()).isEqualTo(12);
    assertThat(head.waits()).isTrue();
    assertThat(head.keepsAlive()).isTrue();
    assertThat(get("connection: keep-alive , Close\r\n")).isEqualTo(200);
    assertThat(head.keepsAlive()).isFalse();
    assertThat(head.contentLength()).isZero();
    assertThat(get("Connection: closed\r\n")).isEqualTo(200);
    assertThat(head.keepsAlive()).isTrue();
    assertThat(get("Connection: foo,Upgrade\r\nUpgrade: h2c, frames\r\n")).isEqualTo(200);
    assertThat(head.wantsFrames()).isTrue();
    assertThat(get("Upgrade: frames\r\n")).isEqualTo(200);
    assertThat(head.wantsFrames()).isFalse();
  }

  @Test
  void olderClientsCloseUnlessTheySayOtherwise() {
    assertThat(parse("HEAD /x HTTP/1.0\r\n\r\n")).isEqualTo(200);
    assertThat(head.isHead()).isTrue();
    assertThat(head.keepsAlive()).isFalse();
    assertThat(parse("\r\nGET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")).isEqualTo(200);
    assertThat(head.isHead()).isFalse();
    assertThat(head.keepsAlive()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: 9999999999999999999\r\n",
        "Content-Length : 1\r\n",
        " Content-Length: 1\r\n",
        "Host: another\r\n",
        "X: a\nContent-Length: 1\r\n",
        "X: a\rContent-Length: 1\r\n",
        "X: \u0000\r\n",
        "no colon\r\n",
        ": no name\r\n"
      })
  void fieldsThatServersReadDifferentlyAreRefused(String fields) {
    assertThat(get(fields)).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /",
        "GET  HTTP/1.1",
        "GET / /x HTTP/1.1",
        " GET / HTTP/1.1",
        "GET /HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / http/1.1",
        "G,T / HTTP/1.1",
        "GET / HTTQ/1.1",
        "x"
      })
  void requestLinesThatAreNoneAreRefused(String line) {
    assertThat(parse(line + "\r\n" + HOST + "\r\n")).isEqualTo(400);
  }

  @Test
  void whatIsNotServedSaysSo() {
    assertThat(get("Transfer-Encoding: chunked\r\n")).isEqualTo(501);
    assertThat(parse("GET / HTTP/2.0\r\n" + HOST + "\r\n")).isEqualTo(505);
    assertThat(parse("GET / HTTP/1.1\r\n\r\n")).as("no host").isEqualTo(400);
    String endless = "GET / HTTP/1.1\r\nX: " + "x".repeat(HttpHead.MAX_LENGTH);
    MemorySegment memory = memory(endless.substring(0, HttpHead.MAX_LENGTH));
    assertThat(HttpHead.frame(memory, BEFORE, BEFORE, memory.byteSize()))
        .as("which the limit of frames ends")
        .isEqualTo(Framer.INCOMPLETE);
  }
}
