package mill.core.compute;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A hint, in front of a lock, whether somebody is inside: who finds it so gives way for a
 * microsecond or two. The lock guards, and this guards nothing. Any thread.
 *
 * <p>Threads that contend for a lock all the time hand it, and all that it guards, from processor
 * to processor with each entry. That takes longer than a tiny task. Of two that give way to each
 * other one runs a good many tasks with everything in its own cache, and neither waits long. Who
 * has longer tasks should not ask: it gains nothing by giving way.
 */
final class Crossing {
  /** How many pauses giving way is: a microsecond or two where a pause is 30 ns. */
  static final int PAUSES = 64;

  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);

  // Two lines of 64 bytes, which processors fetch together, lie before and behind the word.
  private static final int INSIDE = 32;
  private static final int WORDS = 64;

  private final int[] words = new int[WORDS];

  /**
   * Gives way if somebody is inside.
   *
   * @return whether it did
   */
  boolean giveWay() {
    if ((int) WORD.getOpaque(words, INSIDE) == 0) {
      return false;
    }
    for (int i = 0; i < PAUSES; i++) {
      Thread.onSpinWait();
    }
    return true;
  }

  /** Says that the caller is about to be inside. */
  void enter() {
    WORD.setOpaque(words, INSIDE, 1);
  }

  /** Says that the caller has left. */
  void leave() {
    WORD.setOpaque(words, INSIDE, 0);
  }
}
