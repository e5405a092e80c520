package mill.sim.kernel;

import java.util.ArrayDeque;

/** One direction of a connection: what is on it arrives in the order in which it was sent. */
final class Lane {
  final ArrayDeque<Packet> onTheWay = new ArrayDeque<>(4);
}
