package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.memory.BufferPool;
import mill.natives.memory.BufferPoolConfig;
import mill.natives.memory.PooledBuffer;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
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
public final class EchoServer implements EventHandler, AutoCloseable {
  /** How much one event reads at most, and how much can wait for a slow reader. */
  static final int READ_BYTES = 64 * 1024;

  private static final int ACCEPTS_PER_EVENT = 64;
  private static final long MAX_WAITING_BYTES = 256L * 1024 * 1024;

  private final EventLoop loop;
  private final TcpListener listener;
  private final Registration accepting;

  // One for all connections: what was read into it has left it when the event is over.
  private final MemorySegment buffer = Arena.ofAuto().allocate(READ_BYTES, Long.BYTES);
  private final BufferPool rests =
      BufferPool.open(BufferPoolConfig.builder().maxBytes(MAX_WAITING_BYTES).build());

  private int open;
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
    listener = TcpListener.bind(local);
    accepting = loop.register(listener, Interest.READABLE, this);
  }

  /** Tells where the server listens. */
  public InetSocketAddress address() throws IOException {
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

  @Override
  public void onReady(Registration registration, Readiness readiness) throws IOException {
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
      TcpStream stream;
      try {
        stream = listener.accept();
      } catch (IOException e) {
        if (open == 0) {
          throw e;
        }
        registration.setInterest(Interest.NONE); // out of descriptors: until a connection ends
        return;
      }
      if (stream == null) {
        return;
      }
      stream.setOption(SockOpt.TCP_NODELAY, true);
      open++;
      accepted++;
      loop.register(stream, Interest.READABLE, new Connection(stream));
    }
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
      open--;
      if (rest != null) {
        rest.release();
        rest = null;
      }
      boolean goesOn = reason != CloseReason.LOOP_CLOSED && reason != CloseReason.SHUTDOWN_FORCED;
      if (goesOn && accepting.interest() == Interest.NONE && !accepting.isCancelled()) {
        resumeAccepting();
      }
    }

    private void resumeAccepting() {
      try {
        accepting.setInterest(Interest.READABLE);
      } catch (IOException e) {
        EchoServer.this.onError(accepting, e);
      }
    }
  }
}
