package mill.core.net;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpStream;
import mill.testing.Allocations;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In steady state nothing is allocated from the poll to the frame to the send. */
class ConnectionAllocationTest {
  private static final int ROUNDS = 1_000;

  /**
   * How many bytes writers may be ahead of who reads: waiting for each would only measure waits.
   */
  private static final long ON_THEIR_WAY = 32 * 1024;

  private Arena arena;
  private MemorySegment buffer;
  private MemorySegment text;

  @BeforeEach
  void counted() {
    Allocations.assumeCounted();
    arena = Arena.ofAuto();
    buffer = arena.allocate(1 << 16);
    text = arena.allocate(100);
  }

  private void send(TcpStream client, int bytes) throws Exception {
    int sent = 0;
    while (sent < bytes) {
      int n = client.write(buffer, sent, bytes - sent);
      sent += Math.max(0, n);
    }
  }

  private void receive(TcpStream client, int bytes) throws Exception {
    int got = 0;
    while (got < bytes) {
      int n = client.read(buffer, 0, Math.min(buffer.byteSize(), bytes - got));
      if (n == IoStatus.END_OF_STREAM) {
        throw new AssertionError("the stream has ended");
      }
      got += Math.max(0, n);
    }
  }

  private static void connect(TcpServer server, CountDownLatch there, Work work) throws Exception {
    try (TcpStream client = TcpStream.connect(server.localAddress())) {
      Net.finishConnect(client);
      Await.await(there);
      work.run(client);
    }
  }

  private interface Work {
    void run(TcpStream client) throws Exception;
  }

  /** Gives everything back, and tells that it stands. */
  private record Echo(CountDownLatch there) implements ConnectionHandler {
    @Override
    public void onOpen(Connection c) {
      there.countDown();
    }

    @Override
    public void onFrame(Connection c, MemorySegment m, long offset, long length) {
      c.out().put(m, offset, length);
    }
  }

  @Test
  void anEchoOfLinesAllocatesNothing() throws Exception {
    var there = new CountDownLatch(1);
    try (var loops = Loops.start();
        var server =
            loops.listen(ConnectionConfig.defaults().framer(Framer.lines()), new Echo(there))) {
      for (int i = 0; i < 64; i++) {
        buffer.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i % 16 == 15 ? '\n' : 'x'));
      }
      requireNoneOfEchoes(64, server, there, loops, 1);
    }
  }

  /**
   * An echo of whatever comes, through what a test puts in its way.
   *
   * @param allowed less than so many bytes in each
   */
  private void requireNoneOfEchoes(
      int bytes, TcpServer server, CountDownLatch there, Loops loops, int allowed)
      throws Exception {
    connect(
        server,
        there,
        client ->
            Allocations.requireNone(
                ROUNDS * allowed,
                () -> {
                  for (int i = 0; i < ROUNDS; i++) {
                    send(client, bytes);
                    receive(client, bytes);
                  }
                },
                loops.runner.thread().threadId()));
  }

  @Test
  void aRelayAllocatesNothing() throws Exception {
    requireNoneOfRelay(100, 1);
  }

  // Blocks are handed over instead of copied: four times in each echo, and an object for each would
  // be 160 bytes. A rarer downcall that the compiler has not inlined in whole leaves its slice for
  // errno, 40 bytes: seen where much else was compiled before.
  @Test
  void aRelayOfWholeBlocksAllocatesNothing() throws Exception {
    requireNoneOfRelay((int) buffer.byteSize(), 64);
  }

  private void requireNoneOfRelay(int bytes, int allowed) throws Exception {
    var there = new CountDownLatch(1);
    var plain = ConnectionConfig.defaults();
    try (var loops = Loops.start();
        var backend = loops.listen(plain, new Echo(there));
        var relay = loops.listen(plain, () -> Relay.to(backend.localAddress(), plain))) {
      requireNoneOfEchoes(bytes, relay, there, loops, allowed);
    }
  }

  /** Passes on what it is given, whole. */
  private static final class Copying implements Layer {
    @Override
    public long decode(Site site, MemorySegment m, long from, long to) {
      site.up().put(m, from, to - from);
      return to - from;
    }

    @Override
    public long encode(Site site, MemorySegment m, long from, long to) {
      site.down().put(m, from, to - from);
      return to - from;
    }
  }

  @Test
  void twoLayersAllocateNothing() throws Exception {
    var there = new CountDownLatch(1);
    var layered = ConnectionConfig.defaults().layer(Copying::new).layer(Copying::new);
    try (var loops = Loops.start();
        var server = loops.listen(layered, new Echo(there))) {
      requireNoneOfEchoes(100, server, there, loops, 1);
    }
  }

  @Test
  void partialWritesCongestionAndPausesAllocateNothing() throws Exception {
    var there = new CountDownLatch(1);
    int rounds = 400; // enough for the compiler to come to the rarer calls
    byte[] reply = new byte[256 << 10];
    ConnectionHandler handler =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) throws IOException {
            c.socket().setOption(SockOpt.SO_SNDBUF, 64 << 10);
            there.countDown();
          }

          @Override
          public void onFrame(Connection c, MemorySegment m, long offset, long length) {
            c.out().put(reply, 0, reply.length);
            if (c.isCongested()) {
              c.pause(this);
            }
          }

          @Override
          public void onDrained(Connection c) {
            c.resume(this);
          }
        };
    try (var loops = Loops.start();
        var server =
            loops.listen(
                ConnectionConfig.defaults()
                    .framer(Framer.fixed(1))
                    .marks(16 << 10, 64 << 10)
                    .readIdle(Duration.ofMinutes(1)), // all polls have a time, not some
                handler)) {
      connect(
          server,
          there,
          client ->
              // A downcall that the compiler has not come to leaves 40 bytes, and the rare ones of
              // these are some four in a round. A block or a callback that left an object would
              // be twenty.
              Allocations.requireNone(
                  rounds * 400,
                  () -> {
                    for (int i = 0; i < rounds; i++) {
                      send(client, 1);
                      receive(client, reply.length);
                    }
                  },
                  loops.runner.thread().threadId()));
    }
  }

  @Test
  void writesOfOtherThreadsAllocateNothingOnEitherSide() throws Exception {
    var there = new CountDownLatch(1);
    var connections = new ArrayList<Connection>();
    ConnectionHandler handler =
        new ConnectionHandler() {
          @Override
          public void onOpen(Connection c) {
            connections.add(c);
            there.countDown();
          }

          @Override
          public void onFrame(Connection c, MemorySegment m, long offset, long length) {}
        };
    try (var loops = Loops.start();
        var server = loops.listen(ConnectionConfig.defaults(), handler);
        var peer = Peer.connect(server)) {
      Await.await(there);
      Connection to = connections.getFirst();
      Message large = Messages.of(new byte[4000]);
      var received = new AtomicLong();
      Thread writer = Thread.currentThread();
      var reader = Await.inBackground("reader", () -> count(peer, received, writer));
      var sent = new AtomicLong();
      // Where the compiler has inlined much already, the downcall that wakes a sleeping loop leaves
      // the 40 bytes of its slice for errno, once in three to twelve rounds. An object for each
      // write would be twice as much as is allowed here.
      Allocations.requireNone(
          ROUNDS * 16,
          () -> {
            for (int i = 0; i < ROUNDS; i++) {
              Message small = Message.copyOf(text, 0, 100);
              requireTaken(to.write(small));
              small.release();
              requireTaken(to.write(large));
              long all = sent.addAndGet(4100);
              while (received.get() < all - ON_THEIR_WAY) {
                LockSupport.park(); // leaves the processor to the compiler, among others
              }
            }
          },
          loops.runner.thread().threadId(),
          writer.threadId());
      large.release();
      to.close();
      Await.outcome(reader);
    }
  }

  // An assertion of a library would allocate.
  private static void requireTaken(boolean taken) {
    if (!taken) {
      throw new AssertionError("a write was refused");
    }
  }

  private static boolean count(Peer peer, AtomicLong received, Thread writer) throws Exception {
    byte[] into = new byte[1 << 16];
    int n;
    while ((n = peer.in().read(into)) >= 0) {
      received.addAndGet(n);
      LockSupport.unpark(writer);
    }
    return true;
  }
}
