package mill.sim.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a simulated host: a virtual thread that runs only while it is its turn.
 *
 * <p>All but {@link #thread} belongs to whoever has the turn.
 */
public final class SimThread {
  /** Who waits here is not interrupted by {@link Thread#interrupt}. */
  enum Sleep {
    NONE,
    DEAF,
    INTERRUPTIBLE
  }

  final int id;
  final SimProcess process;
  final boolean daemon;
  final Thread thread;
  final List<SimThread> joiners = new ArrayList<>();
  boolean ended;
  boolean permit; // of park
  boolean woken; // of the sleep under way, or the next one
  Sleep sleep = Sleep.NONE;
  long sleeps; // so that the alarm of an earlier sleep rouses nobody
  @Nullable Object waitsFor; // the monitor in whose wait set the JDK's thread is
  @Nullable Object blocker; // for those who look
  int callsInDeath;

  /** An interrupt that came while it was not its turn, and was taken off the JDK's thread. */
  private volatile boolean interruptSeen;

  SimThread(World world, int id, SimProcess process, String name, boolean daemon, Runnable body) {
    this.id = id;
    this.process = process;
    this.daemon = daemon;
    thread = Thread.ofVirtual().name(name).unstarted(() -> world.run(this, body));
  }

  /** {@return its name} Any thread. */
  public String name() {
    return thread.getName();
  }

  /** {@return the host's process that it runs for} */
  public SimProcess process() {
    return process;
  }

  /** Waits for its turn, holding the JDK's thread back. */
  void awaitTurn(World world) {
    while (world.turn() != this) {
      LockSupport.park(world);
      if (Thread.currentThread().isInterrupted()) {
        // In this order: who asks meanwhile sees one of the two. Or park would wait no more.
        interruptSeen = true;
        boolean cleared = Thread.interrupted();
        assert cleared;
      }
    }
    giveBackInterrupt();
  }

  /** Waits for its turn outside of a monitor that is held. */
  void awaitTurn(World world, Object monitor) {
    while (world.turn() != this) {
      try {
        monitor.wait();
      } catch (InterruptedException e) {
        interruptSeen = true;
      }
    }
    giveBackInterrupt();
  }

  private void giveBackInterrupt() {
    if (interruptSeen) {
      interruptSeen = false;
      Thread.currentThread().interrupt();
    }
  }

  boolean isInterrupted() {
    return thread.isInterrupted() || interruptSeen;
  }

  boolean isDying() {
    return process.isDead();
  }

  /** {@return name and what it waits for} */
  @Override
  public String toString() {
    return process.name() + "/" + name();
  }
}
