package external.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.LoopListener;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;

/** Echoes one line through an event loop on loopback and prints what came back. */
public final class Main {
  private static final String LINE = "hello, mill";

  private Main() {}

  /** Runs a server and its client on one loop; takes no arguments. */
  public static void main(String[] args) throws IOException {
    try (Arena arena = Arena.ofConfined();
        EventLoop loop = EventLoop.open()) {
      MemorySegment buffer = arena.allocate(1024);
      LoopListener listener =
          loop.listen(
              new InetSocketAddress("127.0.0.1", 0),
              peer ->
                  loop.register(
                      peer, Interest.READABLE, (echoing, ready) -> echo(echoing, buffer)));
      TcpStream client = TcpStream.connect(listener.localAddress());
      loop.register(client, Interest.WRITABLE, new Client(client, arena.allocateFrom(LINE)));
      loop.run();
    }
  }

  private static void echo(Registration registration, MemorySegment buffer) throws IOException {
    TcpStream stream = (TcpStream) registration.pollable();
    int read = stream.read(buffer);
    if (read == IoStatus.END_OF_STREAM) {
      registration.close();
    } else if (read > 0) {
      stream.write(buffer, 0, read); // a line: there is room for it
    }
  }

  /** Sends a line, ends its half, and reads until the server has ended too. */
  private static final class Client implements EventHandler {
    private final TcpStream stream;
    private final MemorySegment line;
    private final StringBuilder received = new StringBuilder();

    Client(TcpStream stream, MemorySegment line) {
      this.stream = stream;
      this.line = line;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      if (registration.interest() == Interest.WRITABLE) {
        if (stream.finishConnect()) {
          stream.write(line, 0, line.byteSize() - 1); // without its terminating zero
          stream.shutdownWrite();
          registration.setInterest(Interest.READABLE);
        }
        return;
      }
      int read = stream.read(line);
      if (read == IoStatus.END_OF_STREAM) {
        System.out.println("echoed: " + received);
        registration.loop().stop();
      } else if (read > 0) {
        received.append(new String(line.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE), UTF_8));
      }
    }

    @Override
    public void onError(Registration registration, Throwable error) {
      System.err.println("the echo failed: " + error);
      registration.loop().stop();
    }
  }
}
