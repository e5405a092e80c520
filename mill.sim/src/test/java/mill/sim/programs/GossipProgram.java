package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import mill.core.CloseReason;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/**
 * A node that counts to a goal, and tells all others how far every node has come; by connections
 * that it makes again whenever they end.
 */
final class GossipProgram implements EventHandler {
  private static final Duration TICK = Duration.ofMillis(20);
  private static final Duration RETRY = Duration.ofMillis(50);
  private static final Duration HEARTBEAT = Duration.ofSeconds(1);
  private static final int MISSED_HEARTBEATS = 10;
  private static final int FRAME = 16;

  private final EventLoop loop;
  private final int self;
  private final List<InetSocketAddress> nodes;
  private final long goal;
  private final long[] known;
  private final List<Peer> peers = new ArrayList<>();

  private GossipProgram(EventLoop loop, int self, List<InetSocketAddress> nodes, long goal) {
    this.loop = loop;
    this.self = self;
    this.nodes = nodes;
    this.goal = goal;
    known = new long[nodes.size()];
  }

  /**
   * Runs a node.
   *
   * @param self its place in {@code nodes}
   * @param nodes where all are
   * @param goal how far each counts
   * @param complete called whenever this node knows that all have come to the goal; true to end
   */
  static void run(int self, List<InetSocketAddress> nodes, long goal, BooleanSupplier complete)
      throws IOException {
    try (var loop = EventLoop.open();
        var listener = TcpListener.bind(new InetSocketAddress(nodes.get(self).getPort()))) {
      var node = new GossipProgram(loop, self, nodes, goal);
      loop.register(listener, Interest.READABLE, node);
      for (int other = 0; other < self; other++) {
        node.connect(other);
      }
      loop.scheduleWithFixedDelay(TICK, TICK, () -> node.tick(complete));
      loop.scheduleWithFixedDelay(HEARTBEAT, HEARTBEAT, node::beat);
      loop.run();
    }
  }

  private void tick(BooleanSupplier complete) {
    if (known[self] < goal) {
      known[self]++;
      List.copyOf(peers).forEach(peer -> peer.tell(self));
    }
    for (long each : known) {
      if (each < goal) {
        return;
      }
    }
    if (complete.getAsBoolean()) {
      loop.stop();
    }
  }

  // What a line that was cut has swallowed, or a peer that is gone, is not told by the system.
  private void beat() {
    for (Peer peer : List.copyOf(peers)) {
      if (++peer.unheard > MISSED_HEARTBEATS) {
        peer.registration.close();
      } else {
        peer.tell(self);
      }
    }
  }

  @Override
  public void onReady(Registration registration, Readiness readiness) {
    var listener = (TcpListener) registration.pollable();
    while (true) {
      try {
        TcpStream stream = listener.accept();
        if (stream == null) {
          return;
        }
        new Peer(-1, true).register(stream);
      } catch (IOException e) {
        return; // the listener is level-triggered
      }
    }
  }

  private void connect(int other) {
    try {
      new Peer(other, false).register(TcpStream.connect(nodes.get(other)));
    } catch (IOException e) {
      loop.schedule(RETRY, () -> connect(other));
    }
  }

  private void learn(int node, long value) {
    if (node < 0 || node >= known.length || value < 0 || value > goal) {
      throw new AssertionError("no node has sent this: " + node + " " + value);
    }
    if (value > known[node]) {
      known[node] = value;
      List.copyOf(peers).forEach(peer -> peer.tell(node));
    }
  }

  private final class Peer implements EventHandler {
    private final MemorySegment in = Arena.ofAuto().allocate(4096, Long.BYTES);
    private final MemorySegment frame = Arena.ofAuto().allocate(FRAME, Long.BYTES);
    private final Outbox out = new Outbox(8 * 1024);
    private final int other; // to be connected to again, or -1
    private boolean connected;
    private int filled;
    private int unheard;
    private Registration registration;

    Peer(int other, boolean connected) {
      this.other = other;
      this.connected = connected;
    }

    void register(TcpStream stream) throws IOException {
      registration = loop.register(stream, connected ? Interest.READABLE : Interest.WRITABLE, this);
      peers.add(this);
      if (connected) {
        tellAll();
      }
    }

    private void tellAll() {
      for (int node = 0; node < known.length; node++) {
        tell(node);
      }
    }

    void tell(int node) {
      if (!connected || registration.isCancelled() || out.room() < FRAME) {
        return; // it will hear all when it has connected, or by another way
      }
      frame.set(ValueLayout.JAVA_LONG, 0, node);
      frame.set(ValueLayout.JAVA_LONG, 8, known[node]);
      out.add(frame, 0, FRAME);
      try {
        out.flush(registration, Interest.READABLE);
      } catch (IOException e) {
        registration.close();
      }
    }

    @Override
    public void onReady(Registration ready, Readiness readiness) throws IOException {
      var stream = (TcpStream) ready.pollable();
      if (!connected) {
        if (!stream.finishConnect()) {
          return;
        }
        connected = true;
        tellAll();
      }
      int read = stream.read(in, filled, in.byteSize() - filled);
      if (read == IoStatus.END_OF_STREAM) {
        ready.close();
        return;
      }
      filled += Math.max(read, 0);
      unheard = read > 0 ? 0 : unheard;
      int taken = 0;
      for (; filled - taken >= FRAME; taken += FRAME) {
        learn(
            (int) in.get(ValueLayout.JAVA_LONG_UNALIGNED, taken),
            in.get(ValueLayout.JAVA_LONG_UNALIGNED, taken + 8));
      }
      MemorySegment.copy(in, taken, in, 0, filled - taken);
      filled -= taken;
      if (!ready.isCancelled()) {
        out.flush(ready, Interest.READABLE);
      }
    }

    @Override
    public void onClosed(Registration closed, CloseReason reason) {
      peers.remove(this);
      if (other >= 0 && !loop.hasEnded() && reason != CloseReason.LOOP_CLOSED) {
        loop.schedule(RETRY, () -> connect(other));
      }
    }
  }
}
