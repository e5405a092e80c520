package mill.core.internal.loop;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.Pollable;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/** A listening socket, whatever its family. Any thread. */
public interface AcceptSource {
  /** {@return the socket} */
  Pollable pollable();

  /**
   * {@return where it listens}
   *
   * @throws IOException if the kernel refuses
   */
  SocketAddress address() throws IOException;

  /**
   * {@return a connection that waited, or null if none does}
   *
   * @throws IOException if it cannot be accepted now, or never any more
   */
  @Nullable StreamSocket accept() throws IOException;
}
