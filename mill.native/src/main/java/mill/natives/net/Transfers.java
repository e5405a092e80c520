package mill.natives.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.Errnos;

/** What all transfers share: how their buffers are checked and what their results mean. */
final class Transfers {
  private Transfers() {}

  static void check(MemorySegment buffer, long offset, long length) {
    if (!buffer.isNative()) {
      throw new IllegalArgumentException(
          "the buffer is on the Java heap, where the kernel cannot reach it: allocate it from an Arena or a BufferPool");
    }
    Objects.checkFromIndexSize(offset, length, buffer.byteSize());
  }

  static void checkWritable(MemorySegment buffer, long offset, long length) {
    check(buffer, offset, length);
    if (buffer.isReadOnly()) {
      throw new IllegalArgumentException("the buffer is read-only, nothing can be read into it");
    }
  }

  static void checkAll(MemorySegment[] buffers, int from, int count, boolean writable) {
    Objects.checkFromIndexSize(from, count, buffers.length);
    for (int i = from; i < from + count; i++) {
      MemorySegment buffer = buffers[i];
      checkPart(buffer, 0, buffer.byteSize(), writable);
      checkUsable(buffer, i);
    }
  }

  static void checkParts(
      MemorySegment[] buffers,
      long[] offsets,
      long[] lengths,
      int from,
      int count,
      boolean writable) {
    Objects.checkFromIndexSize(from, count, buffers.length);
    Objects.checkFromIndexSize(from, count, offsets.length);
    Objects.checkFromIndexSize(from, count, lengths.length);
    for (int i = from; i < from + count; i++) {
      checkPart(buffers[i], offsets[i], lengths[i], writable);
      checkUsable(buffers[i], i);
    }
  }

  private static void checkPart(MemorySegment buffer, long offset, long length, boolean writable) {
    if (writable) {
      checkWritable(buffer, offset, length);
    } else {
      check(buffer, offset, length);
    }
  }

  /** Checks the buffer of a message, whose address is passed as a number too. */
  static void checkMessage(MemorySegment buffer, long offset, long length, boolean writable) {
    checkPart(buffer, offset, length, writable);
    checkUsable(buffer, 0);
  }

  /** Checks a batch and which of its datagrams are meant. */
  static void checkBatch(DatagramBatch batch, int from, int count) {
    Objects.checkFromIndexSize(from, count, batch.capacity());
    checkUsable(batch.memory(), 0);
  }

  // A segment's address goes into the vector as a number, so the linker cannot look after it.
  private static void checkUsable(MemorySegment buffer, int index) {
    if (!buffer.scope().isAlive()) {
      throw new IllegalStateException("buffer " + index + " is freed: " + buffer);
    }
    if (!buffer.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException("buffer " + index + " is another thread's: " + buffer);
    }
  }

  /** The same of a message that was to be sent, naming what was to go with it. */
  static int messageFailure(Errnos errnos, long result, ControlData control) throws IOException {
    if (errnos.isWouldBlock(result) || errnos.isInterrupted(result)) {
      return IoStatus.WOULD_BLOCK;
    }
    throw errnos.exception(control.isPlain() ? "sendmsg" : "sendmsg(" + control + ")", result);
  }

  /** What a failed call means to the caller: {@code WOULD_BLOCK}, or an exception. */
  static int failure(Errnos errnos, String call, long result) throws IOException {
    if (errnos.isWouldBlock(result) || errnos.isInterrupted(result)) {
      return IoStatus.WOULD_BLOCK;
    }
    throw errnos.exception(call, result);
  }
}
