package mill.bench.jmh;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/** Takes connections, and says nothing on them. */
final class SilentServer {
  private final ServerSocket listener = new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
  private final Thread thread = Thread.ofPlatform().name("silent server").unstarted(this::accept);
  private final List<Socket> accepted = new ArrayList<>();
  private volatile boolean closed;

  SilentServer() throws IOException {
    thread.start();
  }

  SocketAddress address() {
    return listener.getLocalSocketAddress();
  }

  private void accept() {
    try {
      while (true) {
        accepted.add(listener.accept());
      }
    } catch (SocketException e) {
      if (!closed) {
        throw new IllegalStateException("cannot accept", e);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot accept", e);
    }
  }

  void close() throws Exception {
    closed = true;
    listener.close();
    thread.join();
    for (Socket socket : accepted) {
      socket.close();
    }
  }
}
