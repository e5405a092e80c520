package mill.examples.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.Framer;
import mill.examples.resp.RespRequest.Command;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespRequestTest {
  private static final int BEFORE = 5; // a request stands behind others

  private final RespRequest request = new RespRequest();

  private static MemorySegment memory(String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    MemorySegment memory = Arena.ofAuto().allocate(BEFORE + bytes.length);
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, BEFORE, bytes.length);
    return memory;
  }

  private Command parse(String text) {
    MemorySegment memory = memory(text);
    assertThat(request.frame(memory, BEFORE, BEFORE, memory.byteSize())).isEqualTo(text.length());
    return request.command(memory, BEFORE);
  }

  /** A request is found only when it is whole, and never waits for more than there will be. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$11\r\nhello\r\nmill\r\n",
        "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "*0\r\n",
        "SET k  12\r\n",
        "PING\n",
        "\r\n"
      })
  void requestIsFoundWhereverItIsCut(String text) {
    MemorySegment whole = memory(text);
    long end = whole.byteSize();
    for (long first = BEFORE + 1; first < end; first++) {
      for (long second = first; second < end; second++) {
        isIncomplete(whole, BEFORE, first);
        isIncomplete(whole, first, second);
        assertThat(request.frame(whole, BEFORE, second, end)).isEqualTo(text.length());
      }
    }
  }

  private void isIncomplete(MemorySegment whole, long seen, long to) {
    long found = request.frame(whole.asSlice(0, to), BEFORE, seen, to);
    assertThat(found)
        .isLessThanOrEqualTo(Framer.INCOMPLETE)
        .isGreaterThanOrEqualTo(BEFORE - whole.byteSize());
  }

  @Test
  void commandsAreKnownInEitherCaseAndByTheNumberOfTheirArguments() {
    assertThat(parse("*1\r\n$4\r\nPiNg\r\n")).isEqualTo(Command.PING);
    assertThat(parse("*2\r\n$3\r\nget\r\n$1\r\nk\r\n")).isEqualTo(Command.GET);
    assertThat(parse("incr n\r\n")).isEqualTo(Command.INCR);
    assertThat(parse("QUIT\r\n")).isEqualTo(Command.QUIT);
    assertThat(parse("set k v\r\n")).isEqualTo(Command.SET);
    assertThat(parse("set k v more\r\n")).isEqualTo(Command.UNKNOWN);
    assertThat(parse("get\r\n")).isEqualTo(Command.UNKNOWN);
    assertThat(parse("getx k\r\n")).isEqualTo(Command.UNKNOWN);
    assertThat(parse("pinging\r\n")).isEqualTo(Command.UNKNOWN);
    assertThat(parse("  \r\n")).isEqualTo(Command.NOTHING);
    assertThat(parse("*0\r\n")).isEqualTo(Command.NOTHING);
  }

  @Test
  void argumentsAreWhereTheyStand() {
    String text = "*3\r\n$3\r\nSET\r\n$2\r\nky\r\n$4\r\n\r\n\r\n\r\n";
    assertThat(parse(text)).isEqualTo(Command.SET);
    assertThat(text.substring((int) request.at(1))).startsWith("ky");
    assertThat(request.length(1)).isEqualTo(2);
    assertThat(text.substring((int) request.at(2))).isEqualTo("\r\n\r\n\r\n");
    assertThat(request.length(2)).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*x\r\n",
        "*-1\r\n",
        "*\r\n",
        "*1025\r\n",
        "*9999999999\r\n",
        "*1\rx",
        "*1\r\nPING\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$9999999999",
        "*1\r\n$2\r\nabcd"
      })
  void whatIsNoRequestIsMalformed(String text) {
    MemorySegment memory = memory(text);
    assertThat(request.frame(memory, BEFORE, BEFORE, memory.byteSize()))
        .isEqualTo(Framer.MALFORMED);
  }

  @Test
  void lengthThatIsAnnouncedIsAskedForBeforeItIsThere() {
    String text = "*2\r\n$3\r\nGET\r\n$900000\r\n";
    MemorySegment memory = memory(text);
    assertThat(request.frame(memory, BEFORE, BEFORE, memory.byteSize()))
        .isEqualTo(-(text.length() + 900_002L));
  }
}
