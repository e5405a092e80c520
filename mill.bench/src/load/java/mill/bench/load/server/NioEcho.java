package mill.bench.load.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * java.nio as a careful user writes it: one thread, {@code select(Consumer)} so that no set of
 * selected keys is built, one direct buffer for all connections, one read and one write per event.
 */
final class NioEcho {
  private static final int READ_BYTES = 64 * 1024;
  private static final int BACKLOG = 4096;

  private final Selector selector;
  private final ServerSocketChannel listener;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);

  private NioEcho() throws IOException {
    selector = Selector.open();
    listener = ServerSocketChannel.open().bind(ServerConsole.anyPort(), BACKLOG);
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
  }

  public static void main(String[] args) throws IOException {
    var server = new NioEcho();
    ServerConsole.open(server.listener.getLocalAddress());
    while (true) {
      server.selector.select(server::dispatch);
    }
  }

  private void dispatch(SelectionKey key) {
    try {
      if (key.channel() instanceof SocketChannel stream) {
        serve(key, stream);
      } else {
        accept();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() throws IOException {
    SocketChannel stream;
    while ((stream = listener.accept()) != null) {
      stream.configureBlocking(false);
      stream.setOption(StandardSocketOptions.TCP_NODELAY, true);
      stream.register(selector, SelectionKey.OP_READ);
    }
  }

  private void serve(SelectionKey key, SocketChannel stream) throws IOException {
    try {
      if (key.isWritable()) {
        flush(key, stream);
      } else {
        echo(key, stream);
      }
    } catch (IOException e) {
      stream.close(); // a reset
    }
  }

  private void echo(SelectionKey key, SocketChannel stream) throws IOException {
    buffer.clear();
    int received = stream.read(buffer);
    if (received < 0) {
      stream.close();
    } else if (received > 0 && stream.write(buffer.flip()) < received) {
      key.attach(ByteBuffer.allocateDirect(buffer.remaining()).put(buffer).flip());
      key.interestOps(SelectionKey.OP_WRITE);
    }
  }

  private static void flush(SelectionKey key, SocketChannel stream) throws IOException {
    ByteBuffer rest = (ByteBuffer) key.attachment();
    stream.write(rest);
    if (!rest.hasRemaining()) {
      key.attach(null);
      key.interestOps(SelectionKey.OP_READ);
    }
  }
}
