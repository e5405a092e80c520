package mill.sim.kernel;

import java.util.ArrayList;
import java.util.List;

/** One direction between two hosts. */
final class Link {
  /** What was held is sent again within that time after the link is whole, as by a timer. */
  static final long RETRANSMISSION_NS = 1_000_000_000;

  private List<Packet> held = new ArrayList<>();
  private boolean cut;

  boolean isCut() {
    return cut;
  }

  void cut() {
    cut = true;
  }

  void hold(Packet packet) {
    held.add(packet);
  }

  /** {@return what was held, in the order of its coming} */
  List<Packet> heal() {
    cut = false;
    List<Packet> freed = held;
    held = new ArrayList<>();
    return freed;
  }
}
