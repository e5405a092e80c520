package external.sim;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/** A program as any other: a server that greets, and a client that reads until the end. */
final class Greeting {
  static final String TEXT = "good morning";

  private Greeting() {}

  static void serve(int port) throws IOException {
    MemorySegment text = Arena.ofAuto().allocateFrom(TEXT);
    try (var loop = EventLoop.open();
        var listener = TcpListener.bind(new InetSocketAddress(port))) {
      loop.register(
          listener,
          Interest.READABLE,
          (accepting, ready) -> {
            TcpStream stream = listener.accept();
            if (stream != null) {
              stream.write(text, 0, TEXT.length()); // and never looks how much that took
              stream.close();
            }
          });
      loop.run();
    }
  }

  static void read(InetSocketAddress server, Consumer<String> heard) throws IOException {
    try (var loop = EventLoop.open()) {
      loop.register(TcpStream.connect(server), Interest.READABLE, new Reader(heard));
      loop.run();
    }
  }

  private record Reader(Consumer<String> heard, StringBuilder text, MemorySegment buffer)
      implements EventHandler {
    Reader(Consumer<String> heard) {
      this(heard, new StringBuilder(), Arena.ofAuto().allocate(64));
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (!stream.isConnected() && !stream.finishConnect()) {
        return;
      }
      int read = stream.read(buffer);
      for (int i = 0; i < read; i++) {
        text.append((char) buffer.get(ValueLayout.JAVA_BYTE, i));
      }
      if (read < 0) {
        heard.accept(text.toString());
        registration.close();
      }
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      registration.loop().stop();
    }
  }
}
