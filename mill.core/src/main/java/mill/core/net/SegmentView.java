package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A segment as a byte buffer, for those who take nothing else; kept, since the same come again. */
final class SegmentView {
  private @Nullable MemorySegment seen;
  private ByteBuffer buffer = ByteBuffer.allocate(0);

  /**
   * {@return the bytes of a segment, valid until the next call}
   *
   * @param segment holds them
   * @param from the first
   * @param to behind the last
   */
  @SuppressWarnings({
    "ReferenceEquality",
    "MemorySegmentReferenceEquality"
  }) // an equal one may live longer
  ByteBuffer of(MemorySegment segment, long from, long to) {
    if (segment != seen) {
      buffer = segment.asByteBuffer();
      seen = segment;
    }
    return buffer.limit((int) to).position((int) from);
  }
}
