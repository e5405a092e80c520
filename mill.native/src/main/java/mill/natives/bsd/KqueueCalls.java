package mill.natives.bsd;

import java.lang.foreign.MemorySegment;

/**
 * The kqueue calls. Each returns {@code n >= 0} or {@code -errno}.
 *
 * <p>A seam for tests: mill's own run the poller over a model of the kernel. A program loads one
 * implementation, so the virtual machine calls it directly.
 */
interface KqueueCalls {
  /** {@code kqueue(2)}. */
  int kqueue();

  /** {@code kevent(2)}; a {@code timeout} of NULL waits without end. */
  int kevent(
      int kq,
      MemorySegment changes,
      int changeCount,
      MemorySegment events,
      int eventCapacity,
      MemorySegment timeout);

  /** {@code close(2)}. */
  int close(int kq);
}
