package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import mill.core.CloseReason;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.sim.SimHost;
import mill.sim.Simulation;

/**
 * A user's program: bytes go to a server, which takes one client at a time, and says how far it has
 * come and when all are there.
 */
final class UploadProgram {
  /** What users do wrong. */
  enum Bug {
    NONE,
    /** What a write has not taken is not sent. */
    SHORT_WRITE_DROPPED,
    /** That nothing is there now is taken for the end. */
    WOULD_BLOCK_TAKEN_FOR_THE_END,
    /** A connection that ended is not made again. */
    NO_RECONNECT,
    /** There may be more, and no other edge. */
    ONE_READ_PER_EDGE,
    /** The place of a client is given back when it leaves, but not when it is lost. */
    ON_CLOSED_NOT_HANDLED,
    /** Reading goes on when there is an answer to write, but no interest in that. */
    WRITABLE_NOT_ASKED_FOR
  }

  private static final Duration RETRY = Duration.ofMillis(50);
  private static final int PORT = 9;
  private static final int PIECE = 2_000;
  private static final byte PROGRESS = 0;
  private static final byte DONE = 1;

  private final Simulation sim;
  private final Bug bug;
  private final int total;

  private UploadProgram(Simulation sim, Bug bug) {
    this.sim = sim;
    this.bug = bug;
    total = (int) sim.between(1, 100_000);
  }

  /** Sets it up. */
  static void scenario(Simulation sim, Bug bug) {
    var program = new UploadProgram(sim, bug);
    SimHost server = sim.host("server");
    SimHost client = sim.host("client");
    server.serve(program::serve);
    client.start(() -> program.upload(server.address(PORT)));
  }

  private static byte at(int position) {
    return (byte) (position * 13 + (position >> 8));
  }

  // ---- the server

  private void serve() throws IOException {
    var busy = new AtomicBoolean();
    var config = LoopConfig.builder();
    if (sim.chance(0.5)) {
      config.dispatch(DispatchMode.WORKERS).workers(2);
    }
    try (var loop = EventLoop.open(config.build())) {
      loop.listen(
          new InetSocketAddress(PORT),
          stream -> {
            if (!busy.compareAndSet(false, true)) {
              stream.close();
            } else {
              loop.register(stream, Interest.READABLE, Trigger.EDGE, new Taking(busy));
            }
          });
      loop.run();
    }
  }

  private final class Taking implements EventHandler {
    private final AtomicBoolean busy;
    private final MemorySegment buffer = Arena.ofAuto().allocate(PIECE);
    private final MemorySegment answer = Arena.ofAuto().allocate(1);
    private int received;

    Taking(AtomicBoolean busy) {
      this.busy = busy;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      int read;
      do {
        read = stream.read(buffer);
        take(read);
      } while (read > 0 && bug != Bug.ONE_READ_PER_EDGE);
      if (received == total) {
        answer(registration, stream);
      } else if (read == IoStatus.END_OF_STREAM
          || (read == IoStatus.WOULD_BLOCK && bug == Bug.WOULD_BLOCK_TAKEN_FOR_THE_END)) {
        leave(registration);
      } else {
        say(stream, PROGRESS); // if there is no room, the client hears of the next
      }
    }

    private void take(int read) {
      for (int i = 0; i < read; i++) {
        if (buffer.get(ValueLayout.JAVA_BYTE, i) != at(received + i)) {
          sim.fail(new AssertionError("byte " + (received + i) + " is another"));
        }
      }
      received += Math.max(read, 0);
    }

    private void answer(Registration registration, TcpStream stream) throws IOException {
      if (say(stream, DONE)) {
        leave(registration);
      } else if (bug != Bug.WRITABLE_NOT_ASKED_FOR) {
        registration.setInterest(Interest.READABLE_WRITABLE);
      }
    }

    private boolean say(TcpStream stream, byte what) throws IOException {
      answer.set(ValueLayout.JAVA_BYTE, 0, what);
      return stream.write(answer) == 1;
    }

    private void leave(Registration registration) {
      busy.set(false);
      registration.close();
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      registration.pollable().close();
      if (bug != Bug.ON_CLOSED_NOT_HANDLED && reason != CloseReason.CANCELLED) {
        busy.set(false);
      }
    }
  }

  // ---- the client

  private void upload(InetSocketAddress server) throws IOException {
    try (var loop = EventLoop.open()) {
      connect(loop, server);
      loop.run();
    }
  }

  private void connect(EventLoop loop, InetSocketAddress server) {
    try {
      loop.register(
          TcpStream.connect(server), Interest.READABLE_WRITABLE, new Giving(loop, server));
    } catch (IOException e) {
      loop.schedule(RETRY, () -> connect(loop, server));
    }
  }

  private final class Giving implements EventHandler {
    private final EventLoop loop;
    private final InetSocketAddress server;
    private final MemorySegment buffer = Arena.ofAuto().allocate(PIECE);
    private int sent;
    private boolean done;

    Giving(EventLoop loop, InetSocketAddress server) {
      this.loop = loop;
      this.server = server;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      if (!stream.isConnected() && !stream.finishConnect()) {
        return;
      }
      int read = stream.read(buffer);
      if (read > 0 && buffer.get(ValueLayout.JAVA_BYTE, read - 1) == DONE) {
        done = true;
        loop.stop();
      } else if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      } else {
        send(stream);
        registration.setInterest(sent < total ? Interest.READABLE_WRITABLE : Interest.READABLE);
      }
    }

    private void send(TcpStream stream) throws IOException {
      int length = Math.min(PIECE, total - sent);
      for (int i = 0; i < length; i++) {
        buffer.set(ValueLayout.JAVA_BYTE, i, at(sent + i));
      }
      int written = length == 0 ? 0 : stream.write(buffer, 0, length);
      sent += bug == Bug.SHORT_WRITE_DROPPED && written > 0 ? length : Math.max(written, 0);
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      if (!done && bug != Bug.NO_RECONNECT && reason != CloseReason.LOOP_CLOSED) {
        loop.schedule(RETRY, () -> connect(loop, server));
      }
    }
  }
}
