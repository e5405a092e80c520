package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.IoStatus;

/** The shortest echo server on the reactor itself, without connections. */
public final class LowLevelEcho {
  private LowLevelEcho() {}

  /** Echoes until it is killed; the argument, if there is one, is the port. */
  public static void main(String[] args) throws IOException {
    int port = args.length == 0 ? 8080 : Integer.parseInt(args[0]);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    var buffer = Arena.global().allocate(64 * 1024);
    try (var loop = EventLoop.open()) {
      loop.listen(
          address,
          stream ->
              loop.register(
                  stream,
                  Interest.READABLE,
                  (registration, readiness) -> {
                    int n = stream.read(buffer);
                    if (n == IoStatus.END_OF_STREAM || (n > 0 && stream.write(buffer, 0, n) < n)) {
                      registration.close(); // the peer has ended, or does not read its echo
                    }
                  }));
      loop.run();
    }
  }
}
