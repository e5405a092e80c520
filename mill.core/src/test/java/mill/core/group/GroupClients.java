package mill.core.group;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import mill.natives.net.TcpStream;
import mill.testnet.Net;

/** Clients of the listeners of groups, which are closed together. */
final class GroupClients implements AutoCloseable {
  static final int BACKLOG = 512;

  private final List<TcpStream> clients = new ArrayList<>();

  /** Opens a group of so many loops, and starts it. */
  static EventLoopGroup start(int loops) throws IOException {
    return start(LoopGroupConfig.builder().loops(loops));
  }

  /** Opens a group, and starts it. */
  static EventLoopGroup start(LoopGroupConfig.Builder config) throws IOException {
    EventLoopGroup group = EventLoopGroup.open(config.name("accepting").build());
    boolean started = false;
    try {
      group.start();
      started = true;
      return group;
    } finally {
      if (!started) {
        group.close();
      }
    }
  }

  /** Connects so many clients more. */
  void connect(GroupListener listener, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      TcpStream client = TcpStream.connect((InetSocketAddress) listener.localAddress());
      clients.add(client);
      Net.finishConnect(client);
    }
  }

  TcpStream first() {
    return clients.getFirst();
  }

  List<TcpStream> all() {
    return clients;
  }

  @Override
  public void close() {
    clients.forEach(TcpStream::close);
  }
}
