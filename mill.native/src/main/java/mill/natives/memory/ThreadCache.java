package mill.natives.memory;

import java.lang.ref.WeakReference;

/**
 * The magazines of one thread, one per size.
 *
 * <p>Belongs to its pool's depot. Its thread refers to it weakly and it refers to its thread
 * weakly: neither keeps the other alive.
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
