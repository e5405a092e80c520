package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/** An echo server, and a client that tries until it has had a whole echo. */
final class EchoProgram {
  private static final Duration RETRY = Duration.ofMillis(100);
  private static final Duration SILENCE = Duration.ofSeconds(20);
  private static final int READ_BYTES = 16 * 1024;

  private EchoProgram() {}

  /** Serves until the loop is stopped from outside. */
  static void serve(LoopConfig config, int port) throws IOException {
    try (var loop = EventLoop.open(config);
        var listener = TcpListener.bind(new InetSocketAddress(port))) {
      loop.register(
          listener,
          Interest.READABLE,
          new EventHandler() {
            @Override
            public void onReady(Registration registration, Readiness readiness) {
              accept(loop, listener);
            }
          });
      loop.run();
    }
  }

  private static void accept(EventLoop loop, TcpListener listener) {
    while (true) {
      try {
        TcpStream stream = listener.accept();
        if (stream == null) {
          return;
        }
        loop.register(stream, Interest.READABLE, new Echo());
      } catch (IOException e) {
        return; // one that was gone again, or no descriptor: the listener is level-triggered
      }
    }
  }

  /** Sends back what comes, and ends when its peer does. */
  private static final class Echo implements EventHandler {
    private final MemorySegment buffer = Arena.ofAuto().allocate(READ_BYTES);
    private final Outbox out = new Outbox(4 * READ_BYTES);
    private boolean ended;

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (!ended && out.room() >= READ_BYTES) {
        int read = stream.read(buffer);
        ended = read == IoStatus.END_OF_STREAM;
        if (read > 0) {
          out.add(buffer, 0, read);
        }
      }
      boolean reads = !ended && out.room() >= READ_BYTES;
      out.flush(registration, reads ? Interest.READABLE : Interest.NONE);
      if (ended && out.size() == 0) {
        registration.close();
      }
    }
  }

  /** Hears what became of an attempt. */
  interface Outcome {
    void differs(long at);

    void again(String why);
  }

  /** Returns when all bytes have come back on one connection. */
  static void echo(InetSocketAddress server, long bytes, Outcome outcome) throws IOException {
    try (var loop = EventLoop.open()) {
      new Client(loop, server, bytes, outcome).connect();
      loop.run();
    }
  }

  private static final class Client implements EventHandler {
    private final EventLoop loop;
    private final InetSocketAddress server;
    private final long bytes;
    private final Outcome outcome;
    private final MemorySegment buffer = Arena.ofAuto().allocate(READ_BYTES);
    private long sent;
    private long received;
    private boolean connected;
    private long progress;

    Client(EventLoop loop, InetSocketAddress server, long bytes, Outcome outcome) {
      this.loop = loop;
      this.server = server;
      this.bytes = bytes;
      this.outcome = outcome;
    }

    void connect() {
      sent = 0;
      received = 0;
      connected = false;
      try {
        TcpStream stream = TcpStream.connect(server);
        Registration registration = loop.register(stream, Interest.WRITABLE, this);
        progress = 0;
        watch(registration, 0);
      } catch (IOException e) {
        again("not even begun: " + e.getMessage());
      }
    }

    // A cut line says nothing: who waits for it gives up one day.
    private void watch(Registration registration, long seen) {
      loop.schedule(
          SILENCE,
          () -> {
            if (!registration.isCancelled()) {
              if (progress == seen) {
                outcome.again("silence");
                registration.close();
              } else {
                watch(registration, progress);
              }
            }
          });
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (!connected) {
        connected = stream.finishConnect();
        if (!connected) {
          return;
        }
      }
      progress++;
      send(stream);
      receive(registration, stream);
      if (!registration.isCancelled()) {
        Interest wanted =
            sent < bytes ? Interest.READABLE.with(Interest.WRITABLE) : Interest.READABLE;
        if (!registration.interest().equals(wanted)) {
          registration.setInterest(wanted);
        }
      }
    }

    private void send(TcpStream stream) throws IOException {
      int length = (int) Math.min(READ_BYTES, bytes - sent);
      for (int i = 0; i < length; i++) {
        buffer.set(ValueLayout.JAVA_BYTE, i, at(sent + i));
      }
      if (length > 0) {
        sent += Math.max(stream.write(buffer, 0, length), 0);
      }
    }

    private void receive(Registration registration, TcpStream stream) throws IOException {
      int read = stream.read(buffer);
      for (int i = 0; i < read; i++) {
        if (buffer.get(ValueLayout.JAVA_BYTE, i) != at(received + i)) {
          outcome.differs(received + i);
        }
      }
      received += Math.max(read, 0);
      if (received == bytes) {
        loop.stop();
      } else if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      }
    }

    private static byte at(long position) {
      return (byte) (position * 31 + (position >> 8));
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      if (received < bytes) {
        again("closed: " + reason);
      }
    }

    private void again(String why) {
      outcome.again(why);
      if (!loop.hasEnded()) {
        loop.schedule(RETRY, this::connect);
      }
    }
  }
}
