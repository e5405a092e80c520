package mill.testnet;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UnixStream;
import mill.testing.Await;

/**
 * The words in which tests speak of sockets: loopback, ephemeral ports, nothing that blocks for
 * ever.
 */
public final class Net {
  private static final boolean ON_WINDOWS = File.separatorChar == '\\';
  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private Net() {}

  /** Two ends of a TCP connection over loopback. */
  public record TcpPair(TcpStream client, TcpStream server) implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      server.close();
    }
  }

  /** 127.0.0.1 and a port of the system's choice. */
  public static InetSocketAddress loopback() {
    return loopback(0);
  }

  public static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(ip("127.0.0.1"), port);
  }

  public static InetSocketAddress loopback6(int port) {
    return new InetSocketAddress(ip("::1"), port);
  }

  /** An address literal; nothing is looked up. */
  public static InetAddress ip(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  /** Aborts the test, with the reason, where there are no Unix sockets. */
  public static void assumeUnixSockets() throws IOException {
    try {
      UnixStream.open().close();
    } catch (ErrnoException e) {
      assumeFalse(
          e.errnoName().equals("EAFNOSUPPORT"),
          "this system has no Unix sockets: " + e.getMessage());
      throw e;
    }
  }

  /** A name that was not looked up, and never will be. */
  public static InetSocketAddress unresolved() {
    return InetSocketAddress.createUnresolved("mill.invalid", 80);
  }

  public static TcpPair tcpPair() throws IOException {
    try (TcpListener listener = TcpListener.bind(loopback())) {
      return tcpPair(listener);
    }
  }

  public static TcpPair tcpPair(TcpListener listener) throws IOException {
    return tcpPair(listener, listener.localAddress());
  }

  public static TcpPair tcpPair(TcpListener listener, SocketAddress remote) throws IOException {
    TcpStream client = TcpStream.connect(remote);
    boolean done = false;
    try {
      TcpStream server = accept(listener);
      finishConnect(client);
      done = true;
      return new TcpPair(client, server);
    } finally {
      if (!done) {
        client.close();
      }
    }
  }

  /** Accepts a connection, waiting for it. The listener must not be registered. */
  public static TcpStream accept(TcpListener listener) throws IOException {
    TcpStream accepted = listener.accept();
    if (accepted == null) {
      untilReady(listener, Interest.READABLE);
      accepted = listener.accept();
    }
    if (accepted == null) {
      throw new AssertionError("readable, but nothing to accept on " + listener);
    }
    return accepted;
  }

  /** Waits for the outcome of a connect, whichever it is. The stream must not be registered. */
  public static void finishConnect(StreamSocket stream) throws IOException {
    if (!stream.finishConnect()) {
      untilReady(stream, Interest.WRITABLE);
      if (!stream.finishConnect()) {
        throw new AssertionError("writable, but not connected: " + stream);
      }
    }
  }

  /**
   * Fails unless a connection to an address is refused. Under Wine a listener that is closed while
   * it is polled listens until that poll has ended, a moment later: waits for it there.
   */
  public static void requireRefused(SocketAddress address) throws Exception {
    if (ON_WINDOWS) {
      Await.eventually("nothing listens on " + address, () -> isRefused(address));
    } else if (!isRefused(address)) {
      throw new AssertionError("something listens on " + address);
    }
  }

  private static boolean isRefused(SocketAddress address) throws IOException {
    try (TcpStream stream = TcpStream.connect(address)) {
      finishConnect(stream);
      return false;
    } catch (ErrnoException e) {
      if (e.errnoName().equals("ECONNREFUSED")) {
        return true;
      }
      throw e;
    }
  }

  /** Waits until something is reported for a pollable that is not registered. */
  public static Readiness untilReady(Pollable pollable, Interest interest) throws IOException {
    try (Watch watch = Watch.open()) {
      watch.register(pollable, 1, interest);
      Readiness readiness = watch.await(1, 0);
      watch.poller.deregister(pollable);
      return readiness;
    }
  }

  /** Reads at least one byte, the end of the stream or a failure, waiting for it. */
  public static int read(StreamSocket from, MemorySegment into) throws IOException {
    int read = from.read(into);
    while (read == IoStatus.WOULD_BLOCK) {
      untilReady(from, Interest.READABLE);
      read = from.read(into);
    }
    return read;
  }

  /** Reads text of a known length in bytes, waiting for it. */
  public static String readText(StreamSocket from, int bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(bytes);
      int have = 0;
      while (have < bytes) {
        int read = read(from, buffer.asSlice(have));
        if (read < 0) {
          throw new AssertionError("the stream ended after " + have + " of " + bytes + " bytes");
        }
        have += read;
      }
      return text(buffer, bytes);
    }
  }

  /** Writes text that certainly fits into the kernel's buffer. */
  public static void writeText(StreamSocket to, String text) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = utf8(arena, text);
      int written = to.write(buffer);
      if (written != buffer.byteSize()) {
        throw new AssertionError("wrote " + written + " of " + buffer.byteSize());
      }
    }
  }

  /** Writes until the kernel takes no more, and tells how much that was. */
  public static long fill(StreamSocket stream, MemorySegment buffer) throws IOException {
    long total = 0;
    int written;
    while ((written = stream.write(buffer)) != IoStatus.WOULD_BLOCK) {
      total += written;
    }
    return total;
  }

  /**
   * Fills until the stream, registered for writing, stays unwritable: the kernel makes room again
   * while it still moves data to the peer.
   */
  public static long fillForGood(Watch watch, StreamSocket stream, MemorySegment buffer)
      throws IOException {
    long total = 0;
    do {
      total += fill(stream, buffer);
    } while (!watch.inAMoment().isEmpty());
    return total;
  }

  /** Writes one byte. The stream must not be registered. */
  public static void poke(StreamSocket stream) throws IOException {
    poke(stream, (byte) 1);
  }

  /** Writes one byte, waiting until it fits. The stream must not be registered. */
  public static void poke(StreamSocket stream, byte value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1);
      buffer.set(ValueLayout.JAVA_BYTE, 0, value);
      while (stream.write(buffer) != 1) {
        untilReady(stream, Interest.WRITABLE);
      }
    }
  }

  /** Reads one byte and forgets it; tells what the read returned. */
  public static int drain(StreamSocket stream) throws IOException {
    return stream.read(ONE_BYTE);
  }

  /** Closes so that the peer sees a reset. */
  public static void reset(TcpStream stream) throws IOException {
    stream.setOption(SockOpt.SO_LINGER, 0);
    stream.close();
  }

  public static MemorySegment utf8(Arena arena, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return arena
        .allocate(Math.max(bytes.length, 1))
        .copyFrom(MemorySegment.ofArray(bytes))
        .asSlice(0, bytes.length);
  }

  public static String text(MemorySegment buffer, long bytes) {
    return new String(
        buffer.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }
}
