package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Connects its connection to a target, and lets a relay do the rest. */
final class RelayHandler implements ConnectionHandler {
  private final SocketAddress target;
  private final ConnectionConfig config;
  private @Nullable Connection server;
  private boolean joined;

  RelayHandler(SocketAddress target, ConnectionConfig config) {
    this.target = target;
    this.config = config;
  }

  @Override
  public void onOpen(Connection client) {
    client.pause(this);
    server = TcpClient.connect(client.loop(), target, config, new Far(client));
  }

  @Override
  public void onFrame(Connection client, MemorySegment memory, long offset, long length) {
    throw new IllegalStateException("the relay reads");
  }

  @Override
  public void onClosed(Connection client, CloseCause cause) {
    if (server != null && !joined) {
      server.reset(); // nobody waits for it any more
    }
  }

  /** Of the connection to the target. */
  private final class Far implements ConnectionHandler {
    private final Connection client;

    Far(Connection client) {
      this.client = client;
    }

    @Override
    public void onOpen(Connection opened) {
      joined = true;
      Relay.join(client, opened);
      client.resume(RelayHandler.this);
    }

    @Override
    public void onFrame(Connection from, MemorySegment memory, long offset, long length) {
      throw new IllegalStateException("the relay reads");
    }

    @Override
    public void onClosed(Connection far, CloseCause cause) {
      if (!cause.opened()) {
        client.reset();
      }
    }
  }
}
