package mill.bench.jmh;

import java.util.concurrent.locks.LockSupport;

/**
 * Lets a loop on another thread make so many turns, then holds it until it is granted more.
 *
 * <p>The loop is held inside the handler that counts the turns, so it is never stopped, started or
 * woken, and needs no method for it.
 */
final class TurnGate {
  private long left; // the loop's thread alone

  private volatile long granted;
  private volatile boolean held;
  private volatile boolean open;
  private volatile Thread loopThread;
  private volatile Thread caller;

  /** Counts a turn. The loop's thread. */
  void turn() {
    if (--left <= 0) {
      hold();
    }
  }

  /** Waits until the loop is held for the first time. */
  void awaitHeld() {
    caller = Thread.currentThread();
    while (!held) {
      LockSupport.park(this);
    }
  }

  /** Lets the loop make so many turns and waits until it has made them. */
  void run(long turns) {
    held = false;
    granted = turns;
    LockSupport.unpark(loopThread);
    awaitHeld();
  }

  /** Holds the loop no more. */
  void open() {
    open = true;
    LockSupport.unpark(loopThread);
  }

  private void hold() {
    loopThread = Thread.currentThread();
    held = true;
    LockSupport.unpark(caller);
    while (granted == 0 && !open) {
      LockSupport.park(this);
    }
    left = open ? Long.MAX_VALUE : granted;
    granted = 0;
  }
}
