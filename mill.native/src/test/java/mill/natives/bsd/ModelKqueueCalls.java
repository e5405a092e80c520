package mill.natives.bsd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.gen.macos.MacOs;

/** A model of {@code kevent(2)}, as XNU does it. */
final class ModelKqueueCalls implements KqueueCalls {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final ModelKernel kernel;
  private final KeventLayout layout;
  private final ModelKqueue.Sink sink = this::write;
  private MemorySegment events = MemorySegment.NULL; // of the scan under way

  ModelKqueueCalls(ModelKernel kernel, KeventLayout layout) {
    this.kernel = kernel;
    this.layout = layout;
  }

  @Override
  public int kqueue() {
    return kernel.open(new ModelKqueue());
  }

  @Override
  public int close(int kq) {
    return kernel.close(kq);
  }

  @Override
  public int kevent(
      int kq,
      MemorySegment changes,
      int changeCount,
      MemorySegment events,
      int eventCapacity,
      MemorySegment timeout) {
    int result;
    synchronized (kernel) {
      if (!(kernel.file(kq) instanceof ModelKqueue kqueue)) {
        return -MacOs.EBADF();
      }
      result = applyAll(kqueue, changes, changeCount, events, eventCapacity);
      // A receipt or an error fills the list and ends the call: nothing is waited for then.
      if (result == 0 && eventCapacity > 0) {
        result = await(kqueue, events, eventCapacity, nanos(timeout));
      }
    }
    if (result > 0) {
      kernel.afterEvents.run();
    }
    return result;
  }

  private int applyAll(
      ModelKqueue kqueue, MemorySegment changes, int count, MemorySegment events, int capacity) {
    int written = 0;
    for (int i = 0; i < count; i++) {
      int flags = layout.flags(changes, i);
      boolean trigger = (layout.filterFlags(changes, i) & MacOs.NOTE_TRIGGER()) != 0;
      int error =
          trigger && kernel.triggerError != 0
              ? kernel.triggerError
              : kqueue.register(
                  kernel,
                  layout.ident(changes, i),
                  layout.filter(changes, i),
                  flags,
                  layout.filterFlags(changes, i),
                  layout.udata(changes, i),
                  layout.evfiltUser());
      boolean receipt = (flags & MacOs.EV_RECEIPT()) != 0;
      if (error == 0 && !receipt) {
        continue;
      }
      if (written == capacity) {
        if (error != 0) {
          return -error; // the changes behind it are lost
        }
        continue;
      }
      copy(changes, i, events, written, flags | MacOs.EV_ERROR(), error);
      written++;
    }
    return written;
  }

  private void copy(
      MemorySegment changes, int from, MemorySegment events, int to, int flags, int error) {
    MemorySegment.copy(
        changes, from * layout.sizeBytes(), events, to * layout.sizeBytes(), layout.sizeBytes());
    events.set(ValueLayout.JAVA_SHORT_UNALIGNED, to * layout.sizeBytes() + 10, (short) flags);
    events.set(ValueLayout.JAVA_LONG_UNALIGNED, to * layout.sizeBytes() + 16, error);
  }

  private int await(ModelKqueue kqueue, MemorySegment events, int capacity, long timeoutNs) {
    long deadline = System.nanoTime() + timeoutNs;
    while (true) {
      if (kernel.interruptions.getAndUpdate(left -> Math.max(left - 1, 0)) > 0) {
        return -MacOs.EINTR();
      }
      this.events = events;
      int found = kqueue.scan(capacity, sink);
      if (found > 0) {
        return found;
      }
      long left = timeoutNs < 0 ? NANOS_PER_SECOND : deadline - System.nanoTime();
      if (left <= 0) {
        return 0;
      }
      try {
        kernel.wait(left / 1_000_000, (int) (left % 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return -MacOs.EINTR();
      }
    }
  }

  private void write(int index, Knote knote, ModelFile.State state) {
    int flags = (knote.flags & 0xff) | (state.eof() ? MacOs.EV_EOF() : 0);
    layout.write(events, index, knote.ident, knote.filter, flags, knote.udata);
    layout.setFilterFlags(events, index, state.fflags());
    events.set(ValueLayout.JAVA_LONG_UNALIGNED, index * layout.sizeBytes() + 16, state.data());
  }

  private static long nanos(MemorySegment timeout) {
    if (timeout.address() == 0) {
      return -1;
    }
    long seconds = timeout.get(ValueLayout.JAVA_LONG, 0);
    return seconds * NANOS_PER_SECOND + timeout.get(ValueLayout.JAVA_LONG, 8);
  }
}
