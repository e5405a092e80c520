package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import mill.natives.Interest;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VectorTest {
  private final Arena arena = Arena.ofShared();
  private UnixStream.Pair pair;

  @BeforeEach
  void open() throws IOException {
    pair = UnixStream.pair();
  }

  @AfterEach
  void close() {
    pair.first().close();
    pair.second().close();
    arena.close();
  }

  @Test
  void buffersAreWrittenInOrder() throws IOException {
    assertThat(pair.first().writev(texts("one ", "two ", "three"), 0, 3)).isEqualTo(13);
    assertThat(Net.readText(pair.second(), 13)).isEqualTo("one two three");
  }

  @Test
  void onlyTheGivenBuffersAreWritten() throws IOException {
    assertThat(pair.first().writev(texts("a", "b", "c", "d"), 1, 2)).isEqualTo(2);
    assertThat(Net.readText(pair.second(), 2)).isEqualTo("bc");
  }

  @Test
  void buffersAreFilledOneAfterTheOther() throws IOException {
    Net.writeText(pair.first(), "abcdefg");
    MemorySegment[] into = texts("..", "..", "....", "..");
    assertThat(pair.second().readv(into, 1, 3)).isEqualTo(7);
    assertThat(joined(into)).isEqualTo("..|ab|cdef|g.");
  }

  @Test
  void emptyBuffersAreSteppedOver() throws IOException {
    MemorySegment[] out = texts("", "", "x", "", "y", "");
    assertThat(pair.first().writev(out, 0, 6)).isEqualTo(2);
    MemorySegment[] into = texts("", ".", "", ".", "");
    assertThat(pair.second().readv(into, 0, 5)).isEqualTo(2);
    assertThat(joined(into)).isEqualTo("|x||y|");
  }

  @Test
  void moreLeadingEmptyBuffersThanOneCallTakesDoNotHideTheData() throws IOException {
    MemorySegment[] out = new MemorySegment[200];
    Arrays.fill(out, texts("")[0]);
    out[199] = texts("end")[0];
    assertThat(pair.first().writev(out, 0, 200)).isEqualTo(3);
    MemorySegment[] into = new MemorySegment[200];
    Arrays.fill(into, texts("")[0]);
    into[199] = texts("...")[0];
    assertThat(pair.second().readv(into, 0, 200)).isEqualTo(3);
    assertThat(Net.text(into[199], 3)).isEqualTo("end");
  }

  @Test
  void moreBuffersThanOneCallTakesAreAShortTransfer() throws IOException {
    MemorySegment[] out = new MemorySegment[150];
    var expected = new StringBuilder();
    for (int i = 0; i < out.length; i++) {
      String text = (char) ('a' + i % 26) + "-";
      out[i] = Net.utf8(arena, text);
      expected.append(text);
    }
    int from = 0;
    while (from < out.length) {
      long written = pair.first().writev(out, from, out.length - from);
      assertThat(written).isPositive().isEven();
      from += (int) written / 2;
    }
    MemorySegment[] into = new MemorySegment[300];
    Arrays.setAll(into, i -> arena.allocate(1));
    int read = 0;
    while (read < into.length) {
      long n = pair.second().readv(into, read, into.length - read);
      assertThat(n).isPositive();
      read += (int) n;
    }
    assertThat(joined(into).replace("|", "")).isEqualTo(expected.toString());
  }

  @Test
  void nothingToDoIsZero() throws IOException {
    assertThat(pair.first().writev(texts("", ""), 0, 2)).isZero();
    assertThat(pair.first().readv(texts("", ""), 0, 2)).isZero();
    assertThat(pair.first().writev(new MemorySegment[0], 0, 0)).isZero();
    assertThat(pair.first().readv(texts("a"), 1, 0)).isZero();
  }

  @Test
  void nothingThereWouldBlockAndAfterCloseItIsTheEnd() throws IOException {
    assertThat(pair.first().readv(texts("."), 0, 1)).isEqualTo(IoStatus.WOULD_BLOCK);
    pair.second().close();
    assertThat(pair.first().readv(texts("."), 0, 1)).isEqualTo(IoStatus.END_OF_STREAM);
  }

  @Test
  void fullSocketTakesPartOfTheVector() throws IOException {
    MemorySegment[] blocks = new MemorySegment[8];
    Arrays.setAll(blocks, i -> arena.allocate(1 << 20));
    try (Net.TcpPair tcp = Net.tcpPair()) {
      long first = tcp.client().writev(blocks, 0, 8);
      assertThat(first).isPositive().isLessThan(8L << 20);
      long more;
      while ((more = tcp.client().writev(blocks, 0, 8)) != IoStatus.WOULD_BLOCK) {
        assertThat(more).isPositive();
      }
      Net.untilReady(tcp.server(), Interest.READABLE);
      assertThat(tcp.server().readv(blocks, 0, 8)).isPositive();
    }
  }

  @Test
  void partsAreWrittenInOrder() throws IOException {
    MemorySegment[] out = texts("0123", "abcd", "", "wxyz");
    long written = pair.first().writev(out, new long[] {9, 1, 0, 0}, new long[] {9, 2, 0, 4}, 1, 3);
    assertThat(written).isEqualTo(6);
    assertThat(Net.readText(pair.second(), 6)).isEqualTo("bcwxyz");
  }

  @Test
  void partsAreFilledOneAfterTheOtherAndNothingBesideThem() throws IOException {
    Net.writeText(pair.first(), "abcdefg");
    MemorySegment[] into = texts("....", "....", "....");
    assertThat(pair.second().readv(into, new long[] {1, 4, 0}, new long[] {2, 0, 4}, 0, 3))
        .isEqualTo(6);
    assertThat(joined(into)).isEqualTo(".ab.|....|cdef");
    assertThat(pair.second().readv(into, new long[3], new long[3], 0, 3)).as("no room").isZero();
    assertThat(pair.second().readv(into, new long[3], new long[] {4, 4, 4}, 0, 3)).isEqualTo(1);
    assertThat(pair.second().readv(into, new long[3], new long[] {4, 4, 4}, 0, 3))
        .isEqualTo(IoStatus.WOULD_BLOCK);
    pair.first().close();
    assertThat(pair.second().readv(into, new long[3], new long[] {4, 4, 4}, 0, 3))
        .isEqualTo(IoStatus.END_OF_STREAM);
  }

  @Test
  void morePartsThanOneCallTakesAreAShortTransfer() throws IOException {
    MemorySegment[] out = new MemorySegment[150];
    Arrays.fill(out, Net.utf8(arena, "0123456789"));
    long[] offsets = new long[out.length];
    long[] lengths = new long[out.length];
    Arrays.setAll(offsets, i -> i % 10);
    Arrays.fill(lengths, 1);
    int from = 0;
    while (from < out.length) {
      long written = pair.first().writev(out, offsets, lengths, from, out.length - from);
      assertThat(written).isPositive();
      from += (int) written;
    }
    assertThat(Net.readText(pair.second(), 150)).isEqualTo("0123456789".repeat(15));
  }

  @Test
  void partOutsideItsBufferIsRefused() {
    for (long[] part : new long[][] {{-1, 1}, {0, 4}, {3, 1}, {1, -1}, {4, 0}}) {
      long[] offsets = {0, part[0]};
      long[] lengths = {1, part[1]};
      assertThatThrownBy(() -> pair.first().writev(texts("abc", "abc"), offsets, lengths, 0, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> pair.first().readv(texts("abc", "abc"), offsets, lengths, 0, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> pair.first().writev(texts("a", "b"), new long[1], new long[2], 0, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> pair.first().writev(texts("a", "b"), new long[2], new long[1], 0, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void buffersThatTheKernelCannotReachAreRefusedInPartsToo() {
    MemorySegment[] heap = {MemorySegment.ofArray(new byte[4])};
    MemorySegment[] readOnly = {texts("abc")[0].asReadOnly()};
    MemorySegment[] freed = new MemorySegment[1];
    try (Arena closing = Arena.ofConfined()) {
      freed[0] = closing.allocate(4);
    }
    assertThatThrownBy(() -> pair.first().writev(heap, new long[1], new long[1], 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> pair.first().readv(readOnly, new long[1], new long[1], 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> pair.first().writev(freed, new long[1], new long[1], 0, 1))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void rangeOutsideTheArrayIsRefused() {
    for (int[] range : new int[][] {{-1, 1}, {0, 3}, {2, 1}, {0, -1}}) {
      assertThatThrownBy(() -> pair.first().writev(texts("a", "b"), range[0], range[1]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> pair.first().readv(texts("a", "b"), range[0], range[1]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  private MemorySegment[] texts(String... texts) {
    return Arrays.stream(texts).map(text -> Net.utf8(arena, text)).toArray(MemorySegment[]::new);
  }

  private static String joined(MemorySegment[] buffers) {
    return String.join(
        "|", Arrays.stream(buffers).map(buffer -> Net.text(buffer, buffer.byteSize())).toList());
  }
}
