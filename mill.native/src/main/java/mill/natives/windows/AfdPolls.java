package mill.natives.windows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import mill.natives.platform.DescriptorKind;

/**
 * A poller's operation records: made in groups, kept until the poller closes, given out when free.
 *
 * <p>A group shares one handle on the AFD driver. To cancel an operation, the kernel walks the list
 * of all that are under way on the same handle, so a single handle would make closing slow in the
 * number of sockets.
 *
 * <p>Guarded by the poller's lock.
 */
final class AfdPolls {
  /** How many operations share a handle. */
  static final int GROUP_SIZE = 32;

  private final IocpCalls calls;
  private final MemorySegment port;
  private final Arena arena;
  private final List<MemorySegment> devices = new ArrayList<>();
  private final List<AfdPoll> all = new ArrayList<>();
  private final ArrayDeque<AfdPoll> free = new ArrayDeque<>();

  AfdPolls(IocpCalls calls, MemorySegment port, Arena arena) {
    this.calls = calls;
    this.port = port;
    this.arena = arena;
  }

  /**
   * Makes sure that a record is free.
   *
   * @return 0 or the negated error
   */
  int reserve() {
    if (!free.isEmpty()) {
      return 0;
    }
    MemorySegment[] device = new MemorySegment[1];
    int result = calls.openDevice(port, device);
    if (result < 0) {
      return result;
    }
    devices.add(device[0]);
    MemorySegment memory = arena.allocate(GROUP_SIZE * AfdPoll.SIZE_BYTES, Long.BYTES);
    for (int i = 0; i < GROUP_SIZE; i++) {
      MemorySegment record = memory.asSlice(i * AfdPoll.SIZE_BYTES, AfdPoll.SIZE_BYTES);
      AfdPoll poll = new AfdPoll(all.size(), device[0], record);
      all.add(poll);
      free.add(poll);
    }
    return 0;
  }

  /** Takes a free record; one was {@linkplain #reserve() reserved}. */
  AfdPoll take(long baseSocket, DescriptorKind kind) {
    AfdPoll poll = free.remove();
    poll.assign(baseSocket, kind);
    return poll;
  }

  /** Takes back a record that is free again. */
  void giveBack(AfdPoll poll) {
    if (poll.state() != AfdPoll.State.FREE) {
      throw new IllegalStateException("the kernel may still write to it: " + poll);
    }
    free.add(poll);
  }

  /** The record that a packet's context names. */
  AfdPoll of(long context) {
    return all.get(Math.toIntExact(context - 1));
  }

  /** How many operations the kernel has not sent a packet for. */
  int underWay() {
    int count = 0;
    for (AfdPoll poll : all) {
      AfdPoll.State state = poll.state();
      count += state == AfdPoll.State.PENDING || state == AfdPoll.State.CANCELLED ? 1 : 0;
    }
    return count;
  }

  /** Closes the handles. */
  void closeDevices() {
    devices.forEach(calls::closeHandle);
    devices.clear();
  }
}
