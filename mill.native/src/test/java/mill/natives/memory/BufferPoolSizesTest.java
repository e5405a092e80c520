package mill.natives.memory;

import static mill.natives.memory.Pools.KIB;
import static mill.natives.memory.Pools.acquireAll;
import static mill.natives.memory.Pools.releaseAll;
import static mill.natives.memory.Pools.small;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BufferPoolSizesTest {

  @ParameterizedTest
  @CsvSource({
    "0, 256",
    "1, 256",
    "255, 256",
    "256, 256",
    "257, 512",
    "512, 512",
    "513, 1024",
    "4095, 4096",
    "4096, 4096",
    "4097, 8192",
    "65535, 65536",
    "65536, 65536"
  })
  void capacityIsTheSmallestPowerOfTwoThatFits(int asked, int capacity) {
    try (var pool = BufferPool.open(BufferPoolConfig.defaults())) {
      PooledBuffer buffer = pool.acquire(asked);
      assertThat(buffer.capacity()).isEqualTo(capacity);
      assertThat(buffer.segment().byteSize()).isEqualTo(capacity);
      assertThat(buffer.asByteBuffer().capacity()).isEqualTo(capacity);
      buffer.release();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {65537, Integer.MAX_VALUE})
  void askingForMoreThanTheLargestBufferNamesTheLimit(int bytes) {
    try (var pool = BufferPool.open()) {
      assertThatThrownBy(() -> pool.acquire(bytes))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("65536")
          .hasMessageContaining("maxBufferBytes");
    }
  }

  @Test
  void askingForANegativeSizeIsRefused() {
    try (var pool = BufferPool.open()) {
      assertThatThrownBy(() -> pool.tryAcquire(-1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("-1");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyBufferStartsAtACacheLine(boolean checked) {
    try (var pool = BufferPool.open(small(4).bufferBytes(64, 4 * KIB).checked(checked).build())) {
      List<PooledBuffer> buffers = acquireAll(pool, 1);
      assertThat(buffers)
          .hasSize(256)
          .allSatisfy(b -> assertThat(b.segment().address() % BufferPool.ALIGNMENT_BYTES).isZero());
      releaseAll(buffers);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noTwoLentBuffersShareAByte(boolean checked) {
    try (var pool = BufferPool.open(small(16).checked(checked).build())) {
      List<PooledBuffer> buffers = acquireEverySize(pool);
      fillEachWithItsOwnByte(buffers);
      assertEachHoldsItsOwnByte(buffers);
      releaseAll(buffers);
    }
  }

  @Test
  void noTwoLentBuffersShareAByteAfterTheSlabsWereCutAnew() {
    try (var pool = BufferPool.open(small(16).build())) {
      releaseAll(acquireAll(pool, 256));
      releaseAll(acquireAll(pool, 4 * KIB));
      List<PooledBuffer> buffers = acquireEverySize(pool);
      buffers.addAll(acquireAll(pool, 256));
      fillEachWithItsOwnByte(buffers);
      assertEachHoldsItsOwnByte(buffers);
      releaseAll(buffers);
    }
  }

  @Test
  void aByteBufferViewSharesTheMemory() {
    try (var pool = BufferPool.open()) {
      PooledBuffer buffer = pool.acquire(256);
      ByteBuffer view = buffer.asByteBuffer();
      view.put(7, (byte) 42);
      assertThat(buffer.segment().get(ValueLayout.JAVA_BYTE, 7)).isEqualTo((byte) 42);
      assertThat(view.isDirect()).isTrue();
      buffer.release();
    }
  }

  @Test
  void aBufferIsUsableFromAnyThread() throws Exception {
    try (var pool = BufferPool.open()) {
      PooledBuffer buffer = pool.acquire(256);
      Pools.inDyingThread(() -> buffer.segment().fill((byte) 1));
      assertThat(buffer.segment().get(ValueLayout.JAVA_BYTE, 255)).isEqualTo((byte) 1);
      buffer.release();
    }
  }

  @Test
  void nothingIsReservedBeforeTheFirstAcquisition() {
    try (var pool = BufferPool.open()) {
      assertThat(pool.metrics().reservedBytes()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -256, 300, Integer.MIN_VALUE})
  void aSizeThatIsNoPowerOfTwoIsRefused(int bytes) {
    var builder = BufferPoolConfig.builder();
    assertThatThrownBy(() -> builder.bufferBytes(bytes, 1024))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("minBufferBytes");
    assertThatThrownBy(() -> builder.bufferBytes(256, bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxBufferBytes");
  }

  @Test
  void sizesThatDoNotFitEachOtherAreRefusedByName() {
    var builder = BufferPoolConfig.builder();
    assertRefused(BufferPoolConfig.builder().bufferBytes(1024, 512), "minBufferBytes");
    assertRefused(BufferPoolConfig.builder().bufferBytes(32, 512), "minBufferBytes");
    assertRefused(BufferPoolConfig.builder().slabBytes(32 * KIB), "slabBytes");
    assertRefused(BufferPoolConfig.builder().maxBytes(64 * KIB - 1), "maxBytes");
    assertThatThrownBy(() -> builder.maxBytes(0)).hasMessageContaining("maxBytes");
    assertThatThrownBy(() -> builder.slabBytes(1000)).hasMessageContaining("slabBytes");
    assertThatThrownBy(() -> builder.buffersPerThreadCache(-1))
        .hasMessageContaining("buffersPerThreadCache");
  }

  @Test
  void aCapOfOneLargestBufferIsEnoughForOneLargestBuffer() {
    try (var pool = BufferPool.open(BufferPoolConfig.builder().maxBytes(64 * KIB).build())) {
      PooledBuffer buffer = pool.acquire(64 * KIB);
      assertThat(pool.tryAcquire(1)).isNull();
      buffer.release();
    }
  }

  private static void assertRefused(BufferPoolConfig.Builder builder, String name) {
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name);
  }

  private static List<PooledBuffer> acquireEverySize(BufferPool pool) {
    var buffers = new ArrayList<PooledBuffer>();
    for (int round = 0; round < 2; round++) {
      for (int bytes = 256; bytes <= 4 * KIB; bytes *= 2) {
        buffers.add(pool.acquire(bytes));
      }
    }
    return buffers;
  }

  private static void fillEachWithItsOwnByte(List<PooledBuffer> buffers) {
    for (int i = 0; i < buffers.size(); i++) {
      buffers.get(i).segment().fill((byte) i);
    }
  }

  private static void assertEachHoldsItsOwnByte(List<PooledBuffer> buffers) {
    assertThat(buffers).hasSizeLessThan(256);
    for (int i = 0; i < buffers.size(); i++) {
      MemorySegment segment = buffers.get(i).segment();
      byte[] expected = new byte[(int) segment.byteSize()];
      Arrays.fill(expected, (byte) i);
      assertThat(segment.mismatch(MemorySegment.ofArray(expected))).isEqualTo(-1);
    }
  }
}
