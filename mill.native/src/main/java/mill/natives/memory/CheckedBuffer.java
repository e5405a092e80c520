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
  private final Ticket ticket;

  CheckedBuffer(LeakDetector detector, Ticket.Loan loan) {
    this.detector = detector;
    this.segment = loan.segment();
    this.ticket = detector.issue(this, loan);
  }

  @Override
  public MemorySegment segment() {
    ticket.requireOpen();
    return segment;
  }

  @Override
  public int capacity() {
    ticket.requireOpen();
    return (int) segment.byteSize();
  }

  @Override
  public ByteBuffer asByteBuffer() {
    ticket.requireOpen();
    return segment.asByteBuffer();
  }

  @Override
  public void release() {
    try {
      detector.release(ticket);
    } finally {
      // Or the collector could find this object, whose release is under way, leaked.
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public String toString() {
    return "PooledBuffer[" + segment.byteSize() + " bytes, checked, " + ticket.state() + "]";
  }
}
