package mill.core.net;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a pool has for one target on one loop: who waits, first in first out, and what is idle, last
 * in first out. The loop's thread.
 */
final class PoolTarget {
  final PoolPart part;
  final SocketAddress address;
  boolean isKnown = true; // to the part
  int places;
  int onTheirWay; // connections that are made, tried, or come back just now
  long dialAgainNs; // not before, for the sake of min idle alone

  @Nullable Lease firstWaiter;
  @Nullable Lease lastWaiter;
  int waiting;

  @Nullable PooledConnection topIdle;
  @Nullable PooledConnection bottomIdle;
  int idle;

  PoolTarget(PoolPart part, SocketAddress address) {
    this.part = part;
    this.address = address;
  }

  boolean isUnused() {
    return places == 0 && waiting == 0;
  }

  // ---- waiters

  void addWaiter(Lease lease) {
    lease.step = Lease.Step.WAITS;
    lease.previous = lastWaiter;
    if (lastWaiter == null) {
      firstWaiter = lease;
    } else {
      lastWaiter.next = lease;
    }
    lastWaiter = lease;
    waiting++;
  }

  void removeWaiter(Lease lease) {
    if (lease.previous == null) {
      firstWaiter = lease.next;
    } else {
      lease.previous.next = lease.next;
    }
    if (lease.next == null) {
      lastWaiter = lease.previous;
    } else {
      lease.next.previous = lease.previous;
    }
    lease.next = null;
    lease.previous = null;
    waiting--;
  }

  // ---- idle connections

  void addIdle(PooledConnection entry) {
    entry.below = topIdle;
    if (topIdle == null) {
      bottomIdle = entry;
    } else {
      topIdle.above = entry;
    }
    topIdle = entry;
    idle++;
  }

  void removeIdle(PooledConnection entry) {
    if (entry.above == null) {
      topIdle = entry.below;
    } else {
      entry.above.below = entry.below;
    }
    if (entry.below == null) {
      bottomIdle = entry.above;
    } else {
      entry.below.above = entry.above;
    }
    entry.above = null;
    entry.below = null;
    idle--;
  }
}
