package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/** The shortest echo server: {@code nc 127.0.0.1 8080} talks to it. */
public final class QuickStart {
  private QuickStart() {}

  /** Echoes until it is killed; {@code args} are ignored. */
  public static void main(String[] args) throws IOException {
    var buffer = Arena.global().allocate(64 * 1024);
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);
    try (var loop = EventLoop.open();
        var listener = TcpListener.bind(address)) {
      loop.register(
          listener,
          Interest.READABLE,
          (accepting, ready) -> {
            TcpStream stream = listener.accept();
            if (stream != null) {
              loop.register(
                  stream,
                  Interest.READABLE,
                  (registration, readiness) -> {
                    int n = stream.read(buffer);
                    if (n == IoStatus.END_OF_STREAM || (n > 0 && stream.write(buffer, 0, n) < n)) {
                      registration.close(); // the peer has ended, or does not read its echo
                    }
                  });
            }
          });
      loop.run();
    }
  }
}
