package mill.natives.net;

import java.util.concurrent.atomic.AtomicReferenceArray;
import mill.natives.platform.NativeAddress;

/**
 * Memory for the addresses of calls, lent for one call. Any thread.
 *
 * <p>Not one for each thread: a million virtual threads would make a million of them, and a thread
 * that outlives mill's class loader would keep it.
 */
final class AddressCache {
  /** How many are kept: about as many as there are threads that call at the same time. */
  static final int CAPACITY = 64;

  private static final AtomicReferenceArray<NativeAddress> IDLE =
      new AtomicReferenceArray<>(CAPACITY);

  private AddressCache() {}

  /** Lends an address, or makes one. It is the caller's until it is given back. */
  static NativeAddress take() {
    NativeAddress address = IDLE.getAndSet(slot(), null);
    return address == null ? new NativeAddress() : address;
  }

  /** Takes an address back. Does nothing but let it go if another has its place. */
  static void give(NativeAddress address) {
    IDLE.set(slot(), address);
  }

  // The threads of a pool have numbers that follow each other.
  private static int slot() {
    return (int) Thread.currentThread().threadId() & CAPACITY - 1;
  }
}
