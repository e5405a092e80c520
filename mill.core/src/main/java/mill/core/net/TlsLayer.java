package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS on one connection: moves bytes through an engine of the JDK, a record at a time. On the
 * loop's thread, but for the engine's delegated tasks; while they run, nobody else calls the
 * engine.
 *
 * <p>The engine says what it needs: its wish to wrap is met after every call, since an answer to a
 * key update or an alert is owed whether or not anybody has something to send.
 */
final class TlsLayer implements Layer {
  private static final int HEADER = 5;
  private static final int FIRST_TYPE = 20; // change_cipher_spec
  private static final int LAST_TYPE = 23; // application_data
  private static final int MAX_FRAGMENT = (1 << 14) + 2048; // RFC 5246, 6.2.3
  private static final int SHOWN = 16; // of what is no TLS

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SSLEngine engine;
  private final Executor executor;
  private final long handshakeTimeoutNs;
  private final Tls.HandshakeListener onHandshake;
  private final SegmentView decoded = new SegmentView();
  private final SegmentView plain = new SegmentView();

  private final LayerTimer timer = new LayerTimer();
  private boolean finished;
  private boolean ready;
  private volatile @Nullable Throwable taskFailure; // read after the release

  TlsLayer(
      SSLEngine engine,
      Executor executor,
      long handshakeTimeoutNs,
      Tls.HandshakeListener onHandshake) {
    this.engine = engine;
    this.executor = executor;
    this.handshakeTimeoutNs = handshakeTimeoutNs;
    this.onHandshake = onHandshake;
  }

  @Override
  public void start(Site site) throws IOException {
    timer.start(site, handshakeTimeoutNs, "TLS handshake");
    engine.beginHandshake();
    settle(site);
  }

  // ---- up

  @Override
  public long decode(Site site, MemorySegment memory, long from, long to) throws IOException {
    try {
      if (!settle(site) || !isWhole(memory, from, to)) {
        return 0;
      }
      int length = unwrap(site, memory, from);
      if (settle(site) && engine.isInboundDone()) {
        site.ended();
      }
      return length;
    } catch (IOException | RuntimeException e) {
      alert(site, e);
      throw e;
    }
  }

  private int unwrap(Site site, MemorySegment memory, long from) throws SSLException {
    int length = HEADER + fragment(memory, from);
    byte[] record = scratch(site, length);
    MemorySegment.copy(memory, BlockOutput.BYTE, from, record, 0, length);
    Output up = site.up();
    int room = length; // what is in a record is shorter than the record
    while (true) {
      MemorySegment into = up.reserve(room);
      long at = up.position();
      SSLEngineResult result =
          engine.unwrap(ByteBuffer.wrap(record, 0, length), decoded.of(into, at, at + room));
      if (result.getStatus() != Status.BUFFER_OVERFLOW) {
        up.advance(result.bytesProduced());
        finishes(result);
        return result.bytesConsumed();
      }
      if (room == Blocks.LARGE) {
        throw new SSLException("a record that holds more than " + room + " bytes");
      }
      int larger = Math.max(2 * room, engine.getSession().getApplicationBufferSize());
      room = Math.min(larger, Blocks.LARGE);
    }
  }

  /** Whether the first record is all there. */
  private boolean isWhole(MemorySegment memory, long from, long to) throws SSLException {
    if (from == to) {
      return false;
    }
    int type = byteAt(memory, from);
    if (type < FIRST_TYPE || type > LAST_TYPE || (to - from > 1 && byteAt(memory, from + 1) != 3)) {
      throw new SSLException("no TLS, it begins with " + shown(memory, from, to));
    }
    if (to - from < HEADER) {
      return false;
    }
    int fragment = fragment(memory, from);
    if (fragment > MAX_FRAGMENT) {
      throw new SSLException("a record of " + fragment + " bytes, more than " + MAX_FRAGMENT);
    }
    return to - from >= HEADER + fragment;
  }

  private static int fragment(MemorySegment memory, long from) {
    return byteAt(memory, from + 3) << 8 | byteAt(memory, from + 4);
  }

  private static int byteAt(MemorySegment memory, long at) {
    return memory.get(BlockOutput.BYTE, at) & 0xff;
  }

  private static String shown(MemorySegment memory, long from, long to) {
    byte[] bytes = memory.asSlice(from, Math.min(SHOWN, to - from)).toArray(BlockOutput.BYTE);
    String text = new String(bytes, StandardCharsets.US_ASCII);
    return '"' + text.replaceAll("[^ -~]", ".") + '"';
  }

  @Override
  public void cut(Site site) throws IOException {
    throw new SSLException(
        ready
            ? "the peer ended without a close_notify: bytes may be missing"
            : "the peer ended in the middle of the handshake");
  }

  // ---- down

  @Override
  public long encode(Site site, MemorySegment memory, long from, long to) throws IOException {
    try {
      ByteBuffer text = plain.of(memory, from, to);
      SSLEngineResult result;
      do { // what it has to say itself comes first
        result = wrap(site, text);
      } while (result.bytesConsumed() == 0 && result.bytesProduced() > 0);
      if (result.getStatus() == Status.CLOSED && result.bytesConsumed() == 0) {
        throw new SSLException("the peer has ended TLS 1.2: nothing can be sent any more");
      }
      long took = text.position() - from;
      settle(site);
      return took;
    } catch (IOException | RuntimeException e) {
      alert(site, e);
      throw e;
    }
  }

  private SSLEngineResult wrap(Site site, ByteBuffer text) throws SSLException {
    byte[] record = scratch(site, engine.getSession().getPacketBufferSize());
    SSLEngineResult result = engine.wrap(text, ByteBuffer.wrap(record));
    if (result.getStatus() == Status.BUFFER_OVERFLOW) {
      throw new SSLException("a record that is longer than " + record.length + " bytes");
    }
    site.down().put(record, 0, result.bytesProduced());
    finishes(result);
    return result;
  }

  // Records are copied, for the engine takes twice as long with those that are not on the heap.
  private static byte[] scratch(Site site, int bytes) {
    return ((SocketConnection) site.connection()).home.scratch(bytes);
  }

  @Override
  public void end(Site site) throws IOException {
    engine.closeOutbound();
    while (!engine.isOutboundDone() && wrap(site, NOTHING).bytesProduced() > 0) {}
  }

  /** Says why it fails, if the engine has something to say about that. */
  private void alert(Site site, Exception why) {
    try {
      end(site);
    } catch (IOException | RuntimeException e) {
      why.addSuppressed(e);
    }
  }

  // ---- what the engine needs

  /**
   * Says what is owed, and gives away what takes long.
   *
   * @return whether it can look at what comes from below
   */
  private boolean settle(Site site) throws IOException {
    Throwable failure = taskFailure;
    if (failure != null) {
      throw new SSLException("the work of a handshake has failed", failure);
    }
    HandshakeStatus needs = engine.getHandshakeStatus();
    while (needs == HandshakeStatus.NEED_WRAP) {
      SSLEngineResult result = wrap(site, NOTHING);
      if (result.bytesProduced() == 0 && result.getHandshakeStatus() == needs) {
        break; // it says so though it has nothing
      }
      needs = engine.getHandshakeStatus();
    }
    if (needs == HandshakeStatus.NEED_TASK) {
      if (ready) {
        throw new SSLException("the peer wants to renegotiate, which is refused");
      }
      delegate(site);
      return false;
    }
    if (finished && !ready) {
      ready = true;
      timer.stop();
      onHandshake.onHandshake(site.connection(), engine);
      site.ready();
    }
    return true;
  }

  private void finishes(SSLEngineResult result) {
    finished |= result.getHandshakeStatus() == HandshakeStatus.FINISHED;
  }

  private void delegate(Site site) throws SSLException {
    site.hold();
    try {
      executor.execute(() -> runTasks(site));
    } catch (RejectedExecutionException e) {
      throw new SSLException("the executor takes no handshake", e);
    }
  }

  // A thread of the executor.
  private void runTasks(Site site) {
    try {
      Runnable task = engine.getDelegatedTask();
      while (task != null) {
        task.run();
        task = engine.getDelegatedTask();
      }
    } catch (Throwable thrown) {
      taskFailure = thrown;
    } finally {
      site.release();
    }
  }

  @Override
  public void close() {
    timer.stop();
  }

  /** {@return the protocol, and how far it has come} */
  @Override
  public String toString() {
    return "Tls[" + (ready ? engine.getSession().getProtocol() : "handshake") + "]";
  }
}
