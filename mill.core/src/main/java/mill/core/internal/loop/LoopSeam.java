package mill.core.internal.loop;

import java.io.IOException;
import java.util.function.Function;
import mill.natives.platform.Platform;

/**
 * A loop, as a package that extends it sees it. Any thread, unless a method says something else.
 */
public interface LoopSeam {
  /** {@return the platform of the loop} */
  Platform platform();

  /** Wakes the loop if it sleeps, so that it asks {@link LoopExtension#hasWork}. */
  void wake();

  /** Keeps the interrupt that a callback has left from the next one. The loop's thread. */
  void clearInterrupt();

  /** Counts and tells what a handler has thrown. */
  void handlerThrew(Throwable thrown);

  /**
   * Gives the loop's extension, made now if there is none.
   *
   * @param make makes it, for this seam
   * @return the extension
   * @throws IllegalStateException if the loop has ended
   */
  LoopExtension extension(Function<LoopSeam, ? extends LoopExtension> make);

  /**
   * Accepts connections on this loop, as {@code EventLoop.listen} does.
   *
   * @param source listens, and is this loop's to close from now on, also if this throws
   * @param backlog how many are taken at most as the listener is closed
   * @param limit how many there may be
   * @param acceptor takes them over
   * @return the handle
   * @throws IOException if the kernel refuses to watch it
   */
  AcceptHandle listen(AcceptSource source, int backlog, AcceptLimit limit, SocketAcceptor acceptor)
      throws IOException;
}
