package mill.core.snippets;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.ListenerConfig;
import mill.core.LoopListener;
import mill.natives.Interest;

/** An example of a listener. */
final class ListenSnippets {
  private ListenSnippets() {}

  static LoopListener listen(EventLoop loop, EventHandler echo) throws IOException {
    // @start region="listen"
    var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080);
    var config = ListenerConfig.builder().maxConnections(10_000).build();
    LoopListener listener =
        loop.listen(address, config, stream -> loop.register(stream, Interest.READABLE, echo));
    // @end
    return listener;
  }
}
