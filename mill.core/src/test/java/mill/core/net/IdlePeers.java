package mill.core.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Connects many times, lets each connection be answered once, and stays silent until the first one
 * is closed. Arguments: how many, and the port.
 */
public final class IdlePeers {
  private IdlePeers() {}

  public static void main(String[] args) throws Exception {
    var address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[1]));
    List<SocketChannel> peers = new ArrayList<>();
    for (int i = Integer.parseInt(args[0]); i > 0; i--) {
      SocketChannel peer = SocketChannel.open(address);
      peers.add(peer);
      peer.write(ByteBuffer.wrap(new byte[] {'x', '\n'}));
      ByteBuffer answer = ByteBuffer.allocate(2);
      while (answer.hasRemaining() && peer.read(answer) >= 0) {
        // two bytes
      }
    }
    while (peers.getFirst().read(ByteBuffer.allocate(1)) >= 0) {
      // nothing comes
    }
    for (SocketChannel peer : peers) {
      peer.close();
    }
  }
}
