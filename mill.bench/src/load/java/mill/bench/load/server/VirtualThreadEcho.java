package mill.bench.load.server;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;

/** A virtual thread for each connection, which blocks in reads and writes. */
final class VirtualThreadEcho {
  private static final int READ_BYTES = 8 * 1024;
  private static final int BACKLOG = 4096;

  private VirtualThreadEcho() {}

  public static void main(String[] args) throws IOException {
    try (var listener = new ServerSocket()) {
      listener.bind(ServerConsole.anyPort(), BACKLOG);
      ServerConsole.open(listener.getLocalSocketAddress());
      while (true) {
        Socket socket = listener.accept();
        Thread.startVirtualThread(() -> echo(socket));
      }
    }
  }

  private static void echo(Socket socket) {
    try (socket;
        var in = socket.getInputStream();
        var out = socket.getOutputStream()) {
      socket.setTcpNoDelay(true);
      byte[] buffer = new byte[READ_BYTES];
      int received;
      while ((received = in.read(buffer)) > 0) {
        out.write(buffer, 0, received);
      }
    } catch (IOException e) {
      // A reset: the connection is closed, and nobody asks.
    }
  }
}
