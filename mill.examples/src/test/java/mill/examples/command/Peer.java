package mill.examples.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;

/** The other end of a server: a blocking socket of the JDK. */
public final class Peer implements AutoCloseable {
  private static final int PATIENCE_MS = (int) TimeUnit.NANOSECONDS.toMillis(Await.PATIENCE_NS);

  private final Socket socket;

  private Peer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MS);
  }

  public static Peer connect(SocketAddress address) throws IOException {
    var socket = new Socket();
    socket.connect(address, PATIENCE_MS);
    return new Peer(socket);
  }

  /** With a small window, so that the server soon cannot send. */
  public static Peer slow(SocketAddress address) throws IOException {
    var socket = new Socket();
    socket.setReceiveBufferSize(4096);
    socket.connect(address, PATIENCE_MS);
    return new Peer(socket);
  }

  public static Peer accept(ServerSocket listener) throws IOException {
    listener.setSoTimeout(PATIENCE_MS);
    return new Peer(listener.accept());
  }

  public Peer send(String latin1) throws IOException {
    return send(latin1.getBytes(ISO_8859_1));
  }

  public Peer send(byte... bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Each byte in a segment of its own, as far as the sender decides. */
  public Peer drip(String latin1) throws IOException {
    for (byte b : latin1.getBytes(ISO_8859_1)) {
      send(b);
    }
    return this;
  }

  public FutureTask<Void> sendInBackground(byte[] bytes) {
    return Await.inBackground(
        "sends " + bytes.length + " bytes",
        () -> {
          OutputStream out = socket.getOutputStream();
          out.write(bytes);
          return null;
        });
  }

  public String read(int bytes) throws IOException {
    return new String(readBytes(bytes), ISO_8859_1);
  }

  public byte[] readBytes(int bytes) throws IOException {
    return socket.getInputStream().readNBytes(bytes);
  }

  /** What comes until the end of the stream. */
  public String readAll() throws IOException {
    return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
  }

  /** Reads until the end or the reset, and tells which it was. */
  public boolean isReset() throws IOException {
    try {
      socket.getInputStream().readAllBytes();
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  public void end() throws IOException {
    socket.shutdownOutput();
  }

  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
