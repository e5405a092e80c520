package mill.natives.memory;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * The handle of one acquisition from a checked pool, never used again.
 *
 * <p>The chunk it guards is only its place under the cap; its memory is its own, in its own arena,
 * so that nothing taken from it survives {@link #release()}.
 */
final class CheckedBuffer implements PooledBuffer {
  private final LeakDetector detector;
  private final MemorySegment segment;
  private final LeakTracker tracker;

  CheckedBuffer(LeakDetector detector, LeakTracker.Loan loan) {
    this.detector = detector;
    this.segment = loan.segment();
    this.tracker = detector.track(this, loan);
  }

  @Override
  public MemorySegment segment() {
    tracker.requireLent();
    return segment;
  }

  @Override
  public int capacity() {
    tracker.requireLent();
    return (int) segment.byteSize();
  }

  @Override
  public ByteBuffer asByteBuffer() {
    tracker.requireLent();
    return segment.asByteBuffer();
  }

  @Override
  public void release() {
    try {
      detector.release(tracker);
    } finally {
      // Or the collector could find this object, whose release is under way, leaked.
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public String toString() {
    return "PooledBuffer[" + segment.byteSize() + " bytes, checked, " + tracker.state() + "]";
  }
}
