package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import mill.core.CloseReason;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.UdpSocket;
import mill.natives.platform.NativeAddress;
import mill.sim.Simulation;

/** A socket whose interest and trigger anybody changes at any time. */
final class Victim extends Tracked {
  private static final Interest[] INTERESTS = {
    Interest.NONE, Interest.READABLE, Interest.WRITABLE, Interest.READABLE_WRITABLE
  };

  private final MemorySegment buffer = Arena.ofAuto().allocate(16);
  private final NativeAddress from = new NativeAddress();
  private final UdpSocket socket;
  private final Consumer<Victim> mischief;
  private final Consumer<UdpSocket> successor;

  /**
   * Makes it.
   *
   * @param mischief called now and then by one that is called
   * @param successor given the socket, open, of one that was cancelled
   */
  Victim(
      Simulation sim,
      EventLoop loop,
      UdpSocket socket,
      Consumer<Victim> mischief,
      Consumer<UdpSocket> successor) {
    super(sim, loop, Trigger.LEVEL);
    this.socket = socket;
    this.mischief = mischief;
    this.successor = successor;
  }

  void start(Interest interest) {
    register(socket, interest);
  }

  @Override
  void ready(Registration ready, Readiness readiness) throws IOException {
    if (readiness.isReadable()) {
      socket.receiveFrom(buffer, 0, buffer.byteSize(), from);
    }
    if (sim.chance(0.2)) {
      mischief.accept(this);
    }
    if (readiness.isWritable() && !ready.isCancelled()) {
      ready.setInterest(Interest.READABLE); // or it would be told for ever
    }
  }

  void change() throws IOException {
    Interest drawn = INTERESTS[(int) sim.between(0, INTERESTS.length)];
    // Not one-shot: what is armed anew just then may fire twice, and rightly.
    Trigger kind = sim.chance(0.5) ? Trigger.LEVEL : Trigger.EDGE;
    registration.setInterest(drawn, kind);
  }

  /** Leaves, or does not, and is made to. */
  @Override
  public void onShutdown(Registration told) {
    if (sim.chance(0.7)) {
      told.close();
    }
  }

  @Override
  void ended(CloseReason reason) {
    if (reason == CloseReason.CANCELLED && socket.isOpen() && sim.chance(0.5)) {
      successor.accept(socket);
    } else {
      socket.close();
    }
  }
}
