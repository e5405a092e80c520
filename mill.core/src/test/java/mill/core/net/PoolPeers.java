package mill.core.net;

import java.io.DataOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import mill.core.EventLoop;
import mill.core.LoopRunner;
import mill.testnet.Net;

/**
 * A server that says nothing and lets everybody in, for as long as who has started it wants.
 * Argument: the port that it tells its own port to, and where the end of the stream is its end.
 */
public final class PoolPeers {
  private PoolPeers() {}

  public static void main(String[] args) throws Exception {
    var config = ConnectionConfig.defaults();
    try (var loop = EventLoop.open();
        var server = TcpServer.listen(loop, Net.loopback(), config, () -> (c, m, at, n) -> {});
        var control = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]))) {
      LoopRunner.startAndAwait(loop);
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      new DataOutputStream(control.getOutputStream()).writeInt(port);
      while (control.getInputStream().read() >= 0) {
        // nothing comes
      }
    }
  }
}
