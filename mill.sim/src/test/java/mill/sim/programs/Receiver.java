package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import mill.core.CloseReason;
import mill.core.EventLoop;
import mill.core.RateLimiter;
import mill.core.Registration;
import mill.core.Throttle;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import mill.sim.Simulation;

/** Takes bytes, looks whether they are the right ones, and answers the end of them with one. */
final class Receiver extends Tracked {
  private static final int PIECE = 512;

  private final MemorySegment piece = Arena.ofAuto().allocate(PIECE);
  private final TcpStream stream;
  private final BooleanSupplier isEnding;
  private final boolean scatters;
  private Throttle throttle;
  private int received;
  private boolean ended;

  Receiver(
      Simulation sim, EventLoop loop, Trigger trigger, TcpStream stream, BooleanSupplier isEnding) {
    super(sim, loop, trigger);
    this.stream = stream;
    this.isEnding = isEnding;
    scatters = sim.chance(0.5);
  }

  void start() {
    register(stream, Interest.READABLE);
  }

  /** Begins to be throttled, or ends it: serially with its callbacks. */
  void throttle() {
    execute(this::changeThrottle);
  }

  private void changeThrottle() {
    if (throttle == null) {
      try {
        throttle =
            registration.throttle(
                Interest.READABLE, RateLimiter.per(20_000, Duration.ofSeconds(1), 2_000));
      } catch (IllegalStateException e) {
        if (!registration.isCancelled() && !loop.hasEnded()) {
          throw e;
        }
      }
    } else {
      throttle.close();
      throttle = null;
    }
  }

  @Override
  void ready(Registration ready, Readiness readiness) throws IOException {
    int read = IoStatus.WOULD_BLOCK;
    while (!ended) {
      Throttle own = throttle;
      long most = own == null ? PIECE : permit(own);
      if (most == 0) {
        interest(Interest.READABLE); // a one-shot is to be armed when there is more
        return;
      }
      read = read((int) most);
      if (own != null) {
        own.giveBack(most - Math.max(read, 0));
      }
      for (int i = 0; i < read; i++) {
        if (piece.get(ValueLayout.JAVA_BYTE, i) != Sender.at(received + i)) {
          sim.fail(new AssertionError("byte " + (received + i) + " is another"));
        }
      }
      received += Math.max(read, 0);
      if (read <= 0) {
        break;
      }
    }
    ended |= read == IoStatus.END_OF_STREAM;
    if (ended && stream.write(piece, 0, 1) == 1) {
      ready.close();
    } else {
      interest(ended ? Interest.WRITABLE : Interest.READABLE);
      if (sim.chance(0.1)) { // a slow one: more comes while it runs
        long longestNs = sim.chance(0.2) ? 30_000_000 : 1_000_000; // or so slow that others help
        CurrentPlatform.threads().park(this, sim.between(1, longestNs));
      }
    }
  }

  private long permit(Throttle own) throws IOException {
    try {
      return own.permit(PIECE);
    } catch (RejectedExecutionException e) {
      if (!isEnding.getAsBoolean()) { // timers end first, and workers run on a little
        throw e;
      }
      sim.sometimes("a wait of a throttle was refused");
      return 0;
    }
  }

  private int read(int most) throws IOException {
    if (!scatters) {
      return stream.read(piece, 0, most);
    }
    int half = most / 2;
    MemorySegment[] parts = {piece.asSlice(0, half), piece.asSlice(half, most - half)};
    return (int) stream.readv(parts, 0, parts.length);
  }

  @Override
  void ended(CloseReason reason) {
    stream.close();
  }
}
