package mill.core.group;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mill.core.EventLoop;

/** Chooses the loops of a group in turn, passing over those that have ended. Any thread. */
final class LoopRotation {
  private final List<EventLoop> loops;
  private final AtomicInteger turn = new AtomicInteger();

  LoopRotation(List<EventLoop> loops) {
    this.loops = loops;
  }

  /** The place of the loop whose turn it is. */
  int next() {
    return atOrAfter(Integer.remainderUnsigned(turn.getAndIncrement(), loops.size()));
  }

  /** The given place, or the first one after it whose loop has not ended; itself if all have. */
  int atOrAfter(int place) {
    for (int i = 0; i < loops.size(); i++) {
      int candidate = (place + i) % loops.size();
      if (!loops.get(candidate).hasEnded()) {
        return candidate;
      }
    }
    return place;
  }
}
