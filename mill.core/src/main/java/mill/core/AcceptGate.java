package mill.core;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;

/** The place of an {@link Acceptor}'s listener in its loop. Any thread. */
interface AcceptGate {
  /**
   * Lets connections that wait be reported, or not.
   *
   * @throws IOException if the kernel refuses
   * @throws ClosedChannelException if the listener is closed
   * @throws IllegalStateException if the loop has ended, or the listener has left it
   */
  void setOpen(boolean open) throws IOException;

  /**
   * Calls {@link Acceptor#resume} when a time has passed, on the loop's thread.
   *
   * @throws RejectedExecutionException if the loop has ended
   */
  void resumeAfter(long delayNs);

  /**
   * Runs a task where the events of the listener are handled, never beside one. A graceful shutdown
   * waits for it.
   *
   * @throws RejectedExecutionException if the loop has ended, or the listener has left it
   */
  void deliver(Runnable task);

  /** Whether the loop has ended: nobody would take what is delivered. */
  boolean hasEnded();

  /** Takes the listener out of the loop; it stays open. */
  void detach();

  /** Takes the listener out of the loop and closes it. */
  void close();
}
