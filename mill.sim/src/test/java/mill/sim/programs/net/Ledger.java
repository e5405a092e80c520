package mill.sim.programs.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.core.net.Message;
import mill.sim.Simulation;

/** What all ends of all connections of a simulation know of each other. */
final class Ledger {
  private static final long LARGEST_POOLED = 64 << 10;

  final Simulation sim;
  final List<Talk> talks = new ArrayList<>();
  private final Map<Integer, Sent> sent = new HashMap<>();
  private final IdentityHashMap<EventLoop, String> inside = new IdentityHashMap<>();
  private final Set<EventLoop> ending = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<EventLoop> endingAlone = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<MemorySegment> messages = new ArrayList<>();
  private int nextId = 1;
  private final IdentityHashMap<EventLoop, Integer> pending = new IdentityHashMap<>();

  Ledger(Simulation sim) {
    this.sim = sim;
  }

  Sent newSent(Object by) {
    var made = new Sent(nextId++, by);
    sent.put(made.id, made);
    return made;
  }

  Sent sent(int id) {
    Sent found = sent.get(id);
    if (found == null) {
      throw new AssertionError("nobody has sent anything as " + id);
    }
    return found;
  }

  void fail(String what) {
    sim.fail(new AssertionError(what));
  }

  /** A loop, or the server on it, is about to end. */
  void ends(EventLoop loop) {
    ending.add(loop);
  }

  boolean isEnding(EventLoop loop) {
    return ending.contains(loop);
  }

  /** A loop ends before the others: what was to come later on it never does. */
  void endsAlone(EventLoop loop) {
    ends(loop);
    endingAlone.add(loop);
  }

  /** The program itself has something to do with a loop. */
  void begins(EventLoop loop) {
    pending.merge(loop, 1, Integer::sum);
  }

  void isDone(EventLoop loop) {
    pending.merge(loop, -1, Integer::sum);
  }

  boolean isPending(EventLoop loop) {
    return pending.getOrDefault(loop, 0) > 0 && !endingAlone.contains(loop);
  }

  /** Runs something on a loop some time later, if that still runs then. */
  void later(EventLoop loop, long maxNs, Runnable action) {
    begins(loop);
    try {
      loop.schedule(
          Duration.ofNanos(sim.between(0, maxNs)),
          () -> {
            isDone(loop);
            action.run();
          });
    } catch (RejectedExecutionException e) {
      isDone(loop);
    }
  }

  /** As a user's handler does, with what a simulation lets pass. */
  static void throwOnPurpose() {
    Ledger.<RuntimeException>throwAny(new IOException("on purpose"));
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable> void throwAny(Throwable any) throws X {
    throw (X) any;
  }

  // ---- memory

  /** A message that has to be gone at the end. */
  void remember(Message message) {
    MemorySegment memory = Insides.memory(message);
    if (memory.byteSize() > LARGEST_POOLED) { // less is pooled, and alive for ever
      messages.add(memory);
    }
  }

  /** When everything has ended. */
  void verifyMessages() {
    for (MemorySegment memory : messages) {
      if (memory.scope().isAlive()) {
        fail("a message of " + memory.byteSize() + " bytes is held");
      }
    }
  }

  // ---- one at a time, on the loop's thread

  /** A callback begins. */
  void enter(EventLoop loop, String what) {
    String other = inside.put(loop, what);
    if (other != null) {
      fail(what + " inside of " + other);
    }
    if (!loop.isLoopThread() && !what.startsWith("onClosed") && !what.startsWith("a task")) {
      fail(what + " on another thread than the loop's");
    }
  }

  /** It is over. */
  void leave(EventLoop loop) {
    inside.remove(loop);
  }

  /** Something that is between callbacks. */
  void requireOutside(EventLoop loop, String what) {
    String other = inside.get(loop);
    if (other != null) {
      fail(what + " inside of " + other);
    }
  }
}
