package mill.core.internal.loop;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A listener that a loop accepts on. Any thread. */
public interface AcceptHandle {
  /** {@return where it listens} */
  SocketAddress address();

  /** {@return whether it listens} */
  boolean isOpen();

  /** {@return the error that ended accepting, or null} */
  @Nullable Throwable failure();

  /** {@return how often accepting paused for want of descriptors or memory of the system} */
  long pauses();

  /** Looks again whether there is room, if it found none. */
  void look();

  /** Stops accepting, and leaves the socket open: it is the caller's from now on. */
  void detach();

  /** Takes what waits, as far as the limit allows, and listens no more. */
  void close();
}
