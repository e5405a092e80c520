package mill.core.snippets;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import mill.core.EventLoop;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.ConnectionPool;
import mill.core.net.ConnectionPoolConfig;
import mill.core.net.Framer;
import mill.core.net.Lease;

/** Snippets of the documentation of pools. */
final class PoolSnippets {
  private PoolSnippets() {}

  static void pool(EventLoop loop) {
    // @start region=lease
    SocketAddress target = InetSocketAddress.createUnresolved("db.example", 6379);
    var config =
        ConnectionPoolConfig.defaults()
            .connection(ConnectionConfig.defaults().framer(Framer.lines()))
            .maxConnections(64, 16)
            .leaseTimeout(Duration.ofSeconds(1));
    var pool = ConnectionPool.open(loop, config);
    var ping =
        new ConnectionHandler() {
          private final Lease lease = pool.newLease(target, this);

          @Override
          public void onOpen(Connection connection) {
            connection.out().putAscii("PING\r\n");
          }

          @Override
          public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
            lease.release(); // onClosed follows, with HANDED_OVER
          }
        };
    ping.lease.request();
    // @end
  }
}
