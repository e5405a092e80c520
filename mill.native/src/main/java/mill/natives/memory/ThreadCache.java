package mill.natives.memory;

import java.lang.ref.WeakReference;

/**
 * The magazines of one thread, one per size.
 *
 * <p>Refers to no pool, and to its thread only weakly: the entry in the thread's {@link
 * ThreadLocal} map must keep neither of them alive.
 */
final class ThreadCache {
  private final WeakReference<Thread> owner;
  private final Magazine[] magazines;

  ThreadCache(Thread owner, int sizeClasses, int buffersPerMagazine) {
    this.owner = new WeakReference<>(owner);
    this.magazines = new Magazine[sizeClasses];
    for (int i = 0; i < sizeClasses; i++) {
      magazines[i] = new Magazine(buffersPerMagazine);
    }
  }

  Magazine magazine(int sizeClass) {
    return magazines[sizeClass];
  }

  boolean isOwnedBy(Thread thread) {
    return owner.refersTo(thread);
  }

  boolean isOwnerDead() {
    Thread thread = owner.get();
    return thread == null || !thread.isAlive();
  }

  void clear() {
    for (Magazine magazine : magazines) {
      magazine.clear();
    }
  }
}
