package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import mill.core.CloseReason;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.sim.Simulation;

/** Sends a count of bytes, and hears that they have come by one that comes back. */
final class Sender extends Tracked {
  private static final int PIECE = 700;

  private final MemorySegment piece = Arena.ofAuto().allocate(PIECE);
  private final TcpStream stream;
  private final int total;
  private final Runnable whole;
  private final Runnable again;
  private final boolean gathers;
  private int sent;
  private boolean finished;
  private boolean done;

  private Sender(
      Simulation sim,
      EventLoop loop,
      Trigger trigger,
      TcpStream stream,
      int total,
      Runnable whole,
      Runnable again) {
    super(sim, loop, trigger);
    this.stream = stream;
    this.total = total;
    this.whole = whole;
    this.again = again;
    gathers = sim.chance(0.5);
  }

  /**
   * Begins to connect; to be started.
   *
   * @param whole called when all has come
   * @param again called if it has ended otherwise
   */
  static Sender connect(
      Simulation sim,
      EventLoop loop,
      Trigger trigger,
      InetSocketAddress to,
      int total,
      Runnable whole,
      Runnable again)
      throws IOException {
    return new Sender(sim, loop, trigger, TcpStream.connect(to), total, whole, again);
  }

  void start() {
    register(stream, Interest.READABLE_WRITABLE);
  }

  static byte at(int position) {
    return (byte) (position * 7 + (position >> 8));
  }

  @Override
  void ready(Registration ready, Readiness readiness) throws IOException {
    if (!stream.isConnected() && !stream.finishConnect()) {
      interest(Interest.READABLE_WRITABLE);
      return;
    }
    boolean full = false;
    while (sent < total && !full) {
      int length = Math.min(PIECE, total - sent);
      for (int i = 0; i < length; i++) {
        piece.set(ValueLayout.JAVA_BYTE, i, at(sent + i));
      }
      long written = write(length);
      full = written <= 0; // an edge comes only after that
      sent += (int) Math.max(written, 0);
    }
    if (sent == total && !finished) {
      finished = true;
      stream.shutdownWrite();
    }
    int read = stream.read(piece);
    if (read > 0 && sent == total) {
      done = true;
      whole.run();
      ready.close();
    } else if (read > 0) {
      sim.fail(new AssertionError("an answer before the question was whole"));
    } else if (read == IoStatus.END_OF_STREAM) {
      ready.close();
    } else {
      interest(sent < total ? Interest.READABLE_WRITABLE : Interest.READABLE);
    }
  }

  private long write(int length) throws IOException {
    if (!gathers) {
      return stream.write(piece, 0, length);
    }
    int half = length / 2;
    MemorySegment[] parts = {piece.asSlice(0, half), piece.asSlice(half, length - half)};
    return stream.writev(parts, 0, parts.length);
  }

  @Override
  void ended(CloseReason reason) {
    stream.close(); // cancelled alone it is open still
    if (!done) {
      again.run();
    }
  }
}
