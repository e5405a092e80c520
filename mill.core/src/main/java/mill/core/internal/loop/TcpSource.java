package mill.core.internal.loop;

import java.io.IOException;
import java.net.SocketAddress;
import mill.natives.Pollable;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import org.jspecify.annotations.Nullable;

/**
 * A TCP listener to accept on.
 *
 * @param listener the socket
 */
public record TcpSource(TcpListener listener) implements AcceptSource {
  @Override
  public Pollable pollable() {
    return listener;
  }

  @Override
  public SocketAddress address() throws IOException {
    return listener.localAddress();
  }

  @Override
  public @Nullable StreamSocket accept() throws IOException {
    return listener.accept();
  }
}
