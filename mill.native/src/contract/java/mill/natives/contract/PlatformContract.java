package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Platform;
import mill.testing.Await;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every test of the contract has: the platform, a poller, and the words they are written in.
 *
 * <p>Nothing sleeps. What should happen is waited for, at most {@link #BOUND_NS}; what should not
 * happen is asked for behind a wake-up, which a poll reports after everything that was ready.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("mill.natives.contract.ContractPlatforms#all")
@ExtendWith(ContractInterceptor.class)
abstract class PlatformContract {
  /** How long something that must happen may take; less is only for trying out what fails. */
  static final long BOUND_NS =
      TimeUnit.MILLISECONDS.toNanos(Long.getLong("mill.contract.bound.ms", 5_000));

  private static final int CHUNK_BYTES = 16 * 1024;

  @Parameter ContractPlatform target;

  private Platform platform;

  final Arena arena = Arena.ofShared();
  final ReadyEvents events = new ReadyEvents(64);
  final List<Long> closedWhileRegistered = new ArrayList<>();
  Poller poller;

  private final Deque<AutoCloseable> closing = new ArrayDeque<>();

  /** Two ends of a connection, both non-blocking and connected. */
  record Connection(TcpStream client, TcpStream server) {}

  /** Runs a test on a platform, between what comes before each and after each. */
  final void run(Platform on, Executable test) throws Throwable {
    platform = on;
    try {
      poller = closing(Poller.open(platform, closedWhileRegistered::add));
      test.execute();
    } catch (Throwable thrown) {
      try {
        closeEverything();
      } catch (Throwable late) {
        thrown.addSuppressed(late);
      }
      throw thrown;
    }
    closeEverything();
  }

  private void closeEverything() throws Exception {
    while (!closing.isEmpty()) {
      closing.pop().close();
    }
    arena.close();
  }

  final Platform platform() {
    return platform;
  }

  /** Has something closed after the test; the last one first. */
  final <T extends AutoCloseable> T closing(T resource) {
    closing.push(resource);
    return resource;
  }

  // Polling.

  /** Polls until the events of a token have brought all these bits; what they brought in all. */
  final int await(long token, int bits) throws IOException {
    long deadline = platform().nanoTime() + BOUND_NS;
    int seen = 0;
    while ((seen & bits) != bits) {
      long left = deadline - platform().nanoTime();
      if (left <= 0) {
        fail(
            "token %d brought %s, not %s".formatted(token, Readiness.of(seen), Readiness.of(bits)));
      }
      poller.poll(events, left);
      seen |= bitsOf(token);
    }
    return seen;
  }

  /** The union of what the last poll reported for a token. */
  final int bitsOf(long token) {
    int bits = 0;
    for (int i = 0; i < events.size(); i++) {
      bits |= events.token(i) == token ? events.bits(i) : 0;
    }
    return bits;
  }

  /** How many entries the last poll had for a token. */
  final int entriesOf(long token) {
    int entries = 0;
    for (int i = 0; i < events.size(); i++) {
      entries += events.token(i) == token ? 1 : 0;
    }
    return entries;
  }

  /** Whether polling up to a wake-up brings nothing for a token. */
  final boolean isQuiet(long token) throws IOException {
    long deadline = platform().nanoTime() + BOUND_NS;
    poller.wake();
    while (platform().nanoTime() < deadline) {
      poller.poll(events, BOUND_NS);
      if (bitsOf(token) != 0) {
        consumeWake(deadline);
        return false;
      }
      if (events.woken()) {
        return poller.poll(events, 0) == 0 || bitsOf(token) == 0;
      }
    }
    return fail("the wake-up did not arrive");
  }

  final void assertQuiet(long token) throws IOException {
    assertTrue(isQuiet(token), () -> "reported: " + events);
  }

  private void consumeWake(long deadline) throws IOException {
    String reported = events.toString();
    while (!events.woken()) {
      assertTrue(platform().nanoTime() < deadline, () -> "no wake-up behind " + reported);
      poller.poll(events, BOUND_NS);
    }
  }

  /** Asks again and again, for a bounded time. */
  @SuppressWarnings("ThreadPriorityCheck") // yields so as to leave a small machine to the others
  final void until(String what, Await.Condition condition) throws Exception {
    long start = platform().nanoTime();
    while (!condition.holds()) {
      if (platform().nanoTime() - start > Await.PATIENCE_NS) {
        throw Await.hung(what, null);
      }
      Thread.yield();
      platform().threads().onSpinWait();
    }
  }

  /** Runs something on a thread of its own, which is one of the platform's. */
  final <T> CompletableFuture<T> background(Callable<T> action) {
    var outcome = new CompletableFuture<T>();
    Runnable body =
        () -> {
          try {
            outcome.complete(action.call());
          } catch (Throwable thrown) {
            outcome.completeExceptionally(thrown);
          }
        };
    platform().threads().unstarted("contract", true, body).start();
    return outcome;
  }

  /** The result of something in the background. */
  final <T> T join(CompletableFuture<T> outcome) throws Exception {
    if (!platform().threads().await(outcome, Await.PATIENCE_NS)) {
      throw Await.hung("the outcome of what runs in the background", null);
    }
    try {
      return outcome.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    }
  }

  // Sockets.

  static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
  }

  final TcpListener listener() throws IOException {
    return closing(TcpListener.bind(platform(), loopback(), 64));
  }

  final Connection connection() throws IOException {
    TcpListener listener = listener();
    TcpStream client = connected(listener.localAddress());
    TcpStream server = closing(accepted(listener));
    listener.close();
    return new Connection(client, server);
  }

  /** A client whose connect has ended well. */
  final TcpStream connected(SocketAddress address) throws IOException {
    TcpStream client = closing(TcpStream.connect(platform(), address));
    waitOnce(client, Interest.WRITABLE);
    assertTrue(client.finishConnect(), "the connect has ended");
    return client;
  }

  final TcpStream accepted(TcpListener listener) throws IOException {
    waitOnce(listener, Interest.READABLE);
    TcpStream accepted = listener.accept();
    assertNotNull(accepted, "a connection waits");
    return accepted;
  }

  /** Waits for something that is registered nowhere, in a poller of its own. */
  final void waitOnce(Pollable pollable, Interest interest) throws IOException {
    try (var own = Poller.open(platform(), token -> {})) {
      own.register(pollable, 1, interest, Trigger.LEVEL);
      var found = new ReadyEvents(4);
      long deadline = platform().nanoTime() + BOUND_NS;
      while (own.poll(found, BOUND_NS) == 0) {
        assertTrue(platform().nanoTime() < deadline, () -> pollable + " is not ready: " + interest);
      }
      own.deregister(pollable);
    }
  }

  // Bytes.

  final MemorySegment bytes(String text) {
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment segment = arena.allocate(Math.max(content.length, 1));
    MemorySegment.copy(content, 0, segment, ValueLayout.JAVA_BYTE, 0, content.length);
    return segment.asSlice(0, content.length);
  }

  static String text(MemorySegment segment, long length) {
    byte[] content = segment.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    return new String(content, StandardCharsets.UTF_8);
  }

  final void send(StreamSocket stream, String text) throws IOException {
    assertEquals(text.length(), stream.write(bytes(text)), "a few bytes fit");
  }

  /** Reads exactly as many bytes, as they come. */
  final String receive(StreamSocket stream, int length) throws IOException {
    MemorySegment buffer = arena.allocate(length);
    long deadline = platform().nanoTime() + BOUND_NS;
    int received = 0;
    while (received < length) {
      int read = stream.read(buffer, received, length - received);
      assertTrue(read != IoStatus.END_OF_STREAM, "the stream ended");
      received += Math.max(read, 0);
      assertTrue(platform().nanoTime() < deadline, "the bytes did not arrive");
    }
    return text(buffer, length);
  }

  /** Reads until the stream says that it has ended, skipping what comes before. */
  final void readToEnd(StreamSocket stream) throws IOException {
    MemorySegment buffer = arena.allocate(CHUNK_BYTES);
    long deadline = platform().nanoTime() + BOUND_NS;
    while (stream.read(buffer) != IoStatus.END_OF_STREAM) {
      assertTrue(platform().nanoTime() < deadline, "the stream did not end");
    }
  }

  /** Writes until the kernel refuses; how much it took. */
  final long fill(StreamSocket stream) throws IOException {
    MemorySegment buffer = arena.allocate(CHUNK_BYTES);
    long taken = 0;
    int written;
    while ((written = stream.write(buffer)) != IoStatus.WOULD_BLOCK) {
      taken += written;
    }
    return taken;
  }

  /** Writes until the kernel refuses and the poller agrees that there is no room. */
  final long fillUntilQuiet(StreamSocket stream, long token) throws IOException {
    long deadline = platform().nanoTime() + BOUND_NS;
    long taken = 0;
    do {
      assertTrue(platform().nanoTime() < deadline, "it does not fill");
      taken += fill(stream);
    } while (!isQuiet(token));
    return taken;
  }

  /** Reads that many bytes and throws them away. */
  final void drain(StreamSocket stream, long length) throws IOException {
    MemorySegment buffer = arena.allocate(CHUNK_BYTES);
    long deadline = platform().nanoTime() + BOUND_NS;
    long left = length;
    while (left > 0) {
      left -= Math.max(stream.read(buffer, 0, Math.min(left, CHUNK_BYTES)), 0);
      assertTrue(platform().nanoTime() < deadline, "the bytes did not arrive");
    }
  }

  /** Closes so that the peer is reset. */
  static void reset(TcpStream stream) throws IOException {
    stream.setOption(mill.natives.net.SockOpt.SO_LINGER, 0);
    stream.close();
  }

  /** The name of the error that something fails with. */
  static String errorOf(Executable action) {
    return assertThrows(ErrnoException.class, action).errnoName();
  }
}
