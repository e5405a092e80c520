package mill.core;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UnixStream;
import mill.natives.platform.Sockets.Family;

/**
 * A server that runs out of descriptors: it serves the connection that it has, does not spin on
 * those that it cannot accept, and accepts them when descriptors are free.
 */
final class DescriptorLimitProgram {
  /** What to start this with. */
  static final int LIMIT = 128;

  private static final int WAITING = 8;
  private static final int PAUSES = 6;
  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private DescriptorLimitProgram() {}

  public static void main(String[] args) throws Exception {
    var config = LoopGroupConfig.builder().loops(2).build();
    try (EventLoopGroup group = EventLoopGroup.open(config)) {
      group.start();
      rehearse(group.loops().getFirst());
      GroupListener listener =
          group.listen(
              Sockets.loopback(),
              WAITING,
              AcceptMode.HANDOFF,
              (loop, stream) ->
                  loop.register(
                      stream, Interest.READABLE, (registration, readiness) -> echo(stream)));
      var address = (InetSocketAddress) listener.localAddress();
      TcpStream living = TcpStream.connect(address);
      requireEcho(living);

      // The acceptor's loop is held up until the last descriptor is taken.
      var held = new CountDownLatch(1);
      var exhausted = new CountDownLatch(1);
      group
          .loops()
          .getFirst()
          .execute(() -> {
            held.countDown();
            Await.await(exhausted);
          });
      Await.await(held);
      var waiting = new ArrayList<TcpStream>();
      for (int i = 0; i < WAITING; i++) {
        waiting.add(TcpStream.connect(address));
      }
      var hogs = new ArrayList<TcpListener>();
      exhaust(hogs);
      long startNs = System.nanoTime();
      exhausted.countDown();
      while (listener.pauses() < PAUSES) {
        requireEcho(living);
        if (listener.failure().isPresent()) {
          throw new AssertionError("accepting has ended", listener.failure().get());
        }
        requirePatience(startNs);
        exhaust(hogs); // the virtual machine may have had one open for a moment, and closed it
      }
      long pauses = listener.pauses();
      long elapsedNs = System.nanoTime() - startNs;
      // Each pause lasts, so their number is bounded by the time; a loop that spins has thousands.
      require((pauses - 1) * Acceptor.BACK_OFF_NS <= elapsedNs, pauses + " in ns: " + elapsedNs);
      long accepted = listener.accepted(0) + listener.accepted(1);
      require(accepted < 1 + WAITING, "accepted out of nothing");

      hogs.forEach(TcpListener::close);
      for (TcpStream stream : waiting) {
        requireEcho(stream);
      }
      require(listener.failure().isEmpty(), "accepting has ended");
    }
    System.out.println("served and resumed");
  }

  // Loading a class takes a descriptor: what is needed without any is loaded before, the error, a
  // change of the interest, and a sleep until a timer is due.
  private static void rehearse(EventLoop loop) throws IOException {
    require(new ErrnoException("accept", 24, "EMFILE").errno() == 24, "not an error");
    UnixStream.Pair pair = UnixStream.pair();
    Registration registration =
        loop.register(pair.first(), Interest.READABLE, (mine, readiness) -> {});
    registration.setInterest(Interest.NONE);
    registration.setInterest(Interest.READABLE);
    try (Poller poller = Poller.open()) {
      poller.poll(new ReadyEvents(1), 1);
    }
    registration.close();
    pair.second().close();
  }

  /** Takes every descriptor that is left. */
  private static void exhaust(List<TcpListener> hogs) throws IOException {
    try {
      while (hogs.size() <= LIMIT) {
        hogs.add(TcpListener.open(Family.INET));
      }
    } catch (ErrnoException e) {
      require(e.errnoName().equals("EMFILE"), e.toString());
      return;
    }
    throw new AssertionError("the limit does not hold");
  }

  private static void echo(TcpStream stream) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16);
      int read = stream.read(buffer);
      if (read > 0) {
        stream.write(buffer, 0, read);
      } else if (read == IoStatus.END_OF_STREAM) {
        stream.close();
      }
    }
  }

  /** Without a poller, which would take descriptors. */
  private static void requireEcho(TcpStream stream) throws IOException {
    long startNs = System.nanoTime();
    while (!stream.finishConnect()) {
      requirePatience(startNs);
    }
    while (stream.write(ONE_BYTE) != 1) {
      requirePatience(startNs);
    }
    while (stream.read(ONE_BYTE) != 1) {
      requirePatience(startNs);
    }
  }

  private static void requirePatience(long startNs) {
    require(System.nanoTime() - startNs < Await.PATIENCE_NS, "not in time");
    Thread.onSpinWait();
  }

  private static void require(boolean met, String what) {
    if (!met) {
      throw new AssertionError(what);
    }
  }
}
