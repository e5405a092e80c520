package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.EventLoop;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixDatagram;
import mill.natives.net.UnixStream;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import mill.sim.Simulation;

/**
 * Numbers that go from one end to the other on the same host, where none is lost: each is sent
 * once, by every call that there is, and both ends wait for edges. One that was not told of is
 * missed.
 */
final class MailProgram {
  private static final int BATCH = 4;
  private static final int BYTES = Long.BYTES;

  private final Simulation sim;
  private final EventLoop loop;
  private final int count;
  private int sent;
  private int received;

  private MailProgram(Simulation sim, EventLoop loop, int count) {
    this.sim = sim;
    this.loop = loop;
    this.count = count;
  }

  /** Runs it as the program of a host; returns when all has come. */
  static void run(Simulation sim, int count) throws IOException {
    try (var loop = EventLoop.open();
        var control = new ControlData(CurrentPlatform.get())) {
      var program = new MailProgram(sim, loop, count);
      switch ((int) sim.between(0, 3)) {
        case 0 -> program.datagrams(control);
        case 1 -> program.stream(control);
        default -> program.pipe();
      }
      if (program.received != count) {
        sim.fail(new AssertionError(program.received + " of " + count + " have come"));
      }
    }
  }

  /** One call that moves some, or would block. */
  private interface Move {
    int move() throws IOException;
  }

  private void runBetween(Pollable from, Pollable to, Move send, Move receive) throws IOException {
    try (from;
        to) {
      loop.register(to, Interest.READABLE, Trigger.EDGE, (ready, readiness) -> receiveAll(receive));
      loop.register(from, Interest.WRITABLE, Trigger.EDGE, (ready, readiness) -> sendAll(send));
      loop.run();
    }
  }

  private void sendAll(Move send) throws IOException {
    int moved = 0;
    while (sent < count && moved >= 0) {
      moved = send.move();
      sent += Math.max(moved, 0);
    }
  }

  private void receiveAll(Move receive) throws IOException {
    int moved = 0;
    while (received < count && moved >= 0) {
      moved = receive.move();
    }
    if (received == count) {
      loop.stop();
    }
  }

  private void came(long number) {
    if (number != received++) {
      sim.fail(new AssertionError("instead of " + (received - 1) + " came " + number));
    }
  }

  // ---- datagrams

  private void datagrams(ControlData control) throws IOException {
    var receiver = UnixDatagram.bind(UnixAddress.ofAbstract("mail"));
    var sender = UnixDatagram.open();
    sender.connect(receiver.localAddress());
    runBetween(
        sender, receiver, new Sending(sender, receiver, control), new Receiving(receiver, control));
  }

  private static MemorySegment room() {
    return Arena.ofAuto().allocate((long) BYTES * BATCH, BYTES);
  }

  private final class Sending implements Move {
    private final UnixDatagram socket;
    private final NativeAddress to = new NativeAddress();
    private final ControlData control;
    private final MemorySegment message = room();
    private final DatagramBatch batch = new DatagramBatch(CurrentPlatform.get(), room(), BATCH);

    Sending(UnixDatagram socket, UnixDatagram receiver, ControlData control) throws IOException {
      this.socket = socket;
      this.control = control;
      socket.platform().addresses().encode(receiver.localAddress(), Family.UNIX, to);
    }

    @Override
    public int move() throws IOException {
      message.set(ValueLayout.JAVA_LONG, 0, sent);
      return switch ((int) sim.between(0, 4)) {
        case 0 -> one(socket.send(message, 0, BYTES));
        case 1 -> one(socket.sendTo(message, 0, BYTES, to));
        case 2 -> one(socket.sendMessage(message, 0, BYTES, null, control));
        default -> sendBatch();
      };
    }

    private static int one(int bytes) {
      return bytes == BYTES ? 1 : IoStatus.WOULD_BLOCK;
    }

    private int sendBatch() throws IOException {
      int size = Math.min(BATCH, count - sent);
      for (int i = 0; i < size; i++) {
        batch.buffer(i).set(ValueLayout.JAVA_LONG, 0, sent + i);
        batch.setLength(i, BYTES);
      }
      return socket.sendBatch(batch, 0, size);
    }
  }

  private final class Receiving implements Move {
    private final UnixDatagram socket;
    private final NativeAddress from = new NativeAddress();
    private final ControlData control;
    private final MemorySegment one = room();
    private final DatagramBatch batch = new DatagramBatch(CurrentPlatform.get(), room(), BATCH);

    Receiving(UnixDatagram socket, ControlData control) {
      this.socket = socket;
      this.control = control;
    }

    @Override
    public int move() throws IOException {
      int moved =
          switch ((int) sim.between(0, 4)) {
            case 0 -> socket.receive(one, 0, BYTES);
            case 1 -> socket.receiveFrom(one, 0, BYTES, from);
            case 2 -> socket.receiveMessage(one, 0, BYTES, from, control);
            default -> receiveBatch();
          };
      if (moved == BYTES) {
        came(one.get(ValueLayout.JAVA_LONG, 0));
      }
      return moved;
    }

    /** One that is not full tells that nothing more is there. */
    private int receiveBatch() throws IOException {
      int size = socket.receiveBatch(batch);
      for (int i = 0; i < size; i++) {
        came(batch.buffer(i).get(ValueLayout.JAVA_LONG, 0));
      }
      return size < BATCH ? IoStatus.WOULD_BLOCK : size;
    }
  }

  // ---- bytes

  private void stream(ControlData control) throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    MemorySegment out = room();
    MemorySegment in = room();
    runBetween(
        pair.first(),
        pair.second(),
        () -> pair.first().sendMessage(out, 0, fill(out), control),
        () -> take(in, pair.second().receiveMessage(in, 0, in.byteSize(), control)));
  }

  private void pipe() throws IOException {
    PipePair pipe = PipePair.open();
    RawFd sink = pipe.sink();
    RawFd source = pipe.source();
    MemorySegment out = room();
    MemorySegment in = room();
    runBetween(
        sink,
        source,
        () -> sink.write(out, 0, fill(out)),
        () -> take(in, source.read(in, 0, in.byteSize())));
  }

  private long fill(MemorySegment out) {
    int size = (int) Math.min(out.byteSize(), count - sent);
    for (int i = 0; i < size; i++) {
      out.set(ValueLayout.JAVA_BYTE, i, (byte) (sent + i));
    }
    return size;
  }

  private int take(MemorySegment in, int size) {
    for (int i = 0; i < size; i++) {
      came(in.get(ValueLayout.JAVA_BYTE, i) == (byte) received ? received : -1);
    }
    return size;
  }
}
