package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.LoopListener;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.memory.BufferPool;
import mill.natives.memory.BufferPoolConfig;
import mill.natives.memory.PooledBuffer;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import org.jspecify.annotations.Nullable;

/**
 * Sends back what it is sent, byte for byte. All of it happens on the loop's thread.
 *
 * <pre>
 *                    the kernel took less than was read
 *   READABLE: read, write ────────────────────────────▶ WRITABLE: write the rest
 *      │          ▲                                          │
 *      │          └──────────────────────────────────────────┘ all of it is written
 *      └──▶ closed: end of the stream, or an error
 * </pre>
 *
 * <p>A peer that does not read its echo is not read from either: what waits for it is bounded by
 * one read.
 */
public final class EchoServer implements AutoCloseable {
  /** How much one event reads at most, and how much can wait for a slow reader. */
  static final int READ_BYTES = 64 * 1024;

  private static final long MAX_WAITING_BYTES = 256L * 1024 * 1024;

  private final EventLoop loop;
  private final LoopListener listener;

  // One for all connections: what was read into it has left it when the event is over.
  private final MemorySegment buffer = Arena.ofAuto().allocate(READ_BYTES, Long.BYTES);
  private final BufferPool rests =
      BufferPool.open(BufferPoolConfig.builder().maxBytes(MAX_WAITING_BYTES).build());

  private long accepted;
  private long echoedBytes;

  /**
   * Listens, and serves whenever the loop runs.
   *
   * @param loop calls this server; closing it closes the connections
   * @param local where to listen
   * @throws IOException if the kernel refuses, {@code EADDRINUSE} for instance
   */
  public EchoServer(EventLoop loop, SocketAddress local) throws IOException {
    this.loop = loop;
    listener = loop.listen(local, this::accept);
  }

  /** Tells where the server listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Counts the connections that were ever accepted. On the loop's thread, or when it has ended. */
  public long accepted() {
    return accepted;
  }

  /** Counts the bytes that were echoed. On the loop's thread, or when it has ended. */
  public long echoedBytes() {
    return echoedBytes;
  }

  /** Counts the buffers that hold what slow readers have not taken. Any thread. */
  long waitingBuffers() {
    return rests.metrics().outstanding();
  }

  /** Listens no more. */
  @Override
  public void close() {
    listener.close();
    rests.close();
  }

  private void accept(TcpStream stream) throws IOException {
    accepted++;
    loop.register(stream, Interest.READABLE, new Connection(stream));
  }

  private final class Connection implements EventHandler {
    private final TcpStream stream;

    private @Nullable PooledBuffer rest;
    private int restStart;
    private int restEnd;

    Connection(TcpStream stream) {
      this.stream = stream;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      if (rest != null) {
        flush(registration, rest);
        return;
      }
      int read = stream.read(buffer);
      if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      } else if (read > 0) {
        int written = Math.max(stream.write(buffer, 0, read), 0);
        echoedBytes += written;
        if (written < read) {
          keep(registration, written, read);
        }
      }
    }

    private void keep(Registration registration, int start, int end) throws IOException {
      PooledBuffer kept = rests.tryAcquire(end - start);
      if (kept == null) {
        throw new IOException("too many peers do not read their echo");
      }
      MemorySegment.copy(buffer, start, kept.segment(), 0, end - start);
      rest = kept;
      restStart = 0;
      restEnd = end - start;
      registration.setInterest(Interest.WRITABLE);
    }

    private void flush(Registration registration, PooledBuffer kept) throws IOException {
      int written = Math.max(stream.write(kept.segment(), restStart, restEnd - restStart), 0);
      echoedBytes += written;
      restStart += written;
      if (restStart == restEnd) {
        rest = null;
        kept.release();
        registration.setInterest(Interest.READABLE);
      }
    }

    /** Whoever has ended it: the peer, an error, or the loop that is closed. */
    @Override
    public void onClosed(Registration registration, CloseReason reason) {
      stream.close(); // open still, if it could not be registered
      if (rest != null) {
        rest.release();
        rest = null;
      }
    }
  }
}
