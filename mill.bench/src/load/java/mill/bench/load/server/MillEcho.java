package mill.bench.load.server;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import mill.core.CloseReason;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.IdleStrategy;
import mill.core.LoopConfig;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;

/**
 * mill on the reactor itself, handlers inline or, with {@code WORKERS}, on workers; with {@code
 * spin} after that, the loop looks again before it sleeps.
 */
final class MillEcho {
  private static final int READ_BYTES = 64 * 1024;

  // So long that it never sleeps under load, so short that it leaves its processor to others when
  // their turn comes.
  private static final IdleStrategy SPIN = new IdleStrategy(Duration.ofMillis(20), Duration.ZERO);

  private MillEcho() {}

  public static void main(String[] args) throws IOException {
    DispatchMode dispatch = args.length == 0 ? DispatchMode.INLINE : DispatchMode.valueOf(args[0]);
    IdleStrategy idle = args.length > 1 ? SPIN : IdleStrategy.blocking();
    var config = LoopConfig.builder().dispatch(dispatch).idleStrategy(idle).build();
    try (var loop = EventLoop.open(config)) {
      Buffers buffers = buffers(dispatch);
      var listener =
          loop.listen(
              ServerConsole.anyPort(),
              stream -> loop.register(stream, Interest.READABLE, new Echo(stream, buffers)));
      ServerConsole.open(listener.localAddress());
      loop.run();
    }
  }

  /** Gives the buffer to read into: one for each thread that handles events. */
  private interface Buffers {
    MemorySegment here();
  }

  private static Buffers buffers(DispatchMode dispatch) {
    if (dispatch == DispatchMode.INLINE) {
      MemorySegment one = Arena.global().allocate(READ_BYTES, Long.BYTES);
      return () -> one;
    }
    ThreadLocal<MemorySegment> each =
        ThreadLocal.withInitial(() -> Arena.global().allocate(READ_BYTES, Long.BYTES));
    return each::get;
  }

  private static final class Echo implements EventHandler {
    private final TcpStream stream;
    private final Buffers buffers;

    // What the peer has not taken; none in steady state.
    private MemorySegment rest = MemorySegment.NULL;

    Echo(TcpStream stream, Buffers buffers) {
      this.stream = stream;
      this.buffers = buffers;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      if (rest.byteSize() > 0) {
        flush(registration);
        return;
      }
      MemorySegment buffer = buffers.here();
      int read = stream.read(buffer);
      if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      } else if (read > 0) {
        int written = Math.max(stream.write(buffer, 0, read), 0);
        if (written < read) {
          rest =
              Arena.ofAuto()
                  .allocate(read - written)
                  .copyFrom(buffer.asSlice(written, read - written));
          registration.setInterest(Interest.WRITABLE);
        }
      }
    }

    private void flush(Registration registration) throws IOException {
      int written = Math.max(stream.write(rest, 0, rest.byteSize()), 0);
      rest = rest.asSlice(written);
      if (rest.byteSize() == 0) {
        registration.setInterest(Interest.READABLE);
      }
    }

    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      stream.close();
    }
  }
}
