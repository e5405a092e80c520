package mill.sim.kernel;

import org.jspecify.annotations.Nullable;

/** Something on its way between two hosts. */
abstract class Packet implements Runnable {
  final Host from;
  final Host to;
  final @Nullable Lane lane; // null if its order does not matter
  boolean due; // arrived, but for those before it on its lane
  boolean lost; // and so is in nobody's way

  Packet(Host from, Host to, @Nullable Lane lane) {
    this.from = from;
    this.to = to;
    this.lane = lane;
  }

  /** {@return whether it stays within a host} */
  final boolean isLocal() {
    return from.index() == to.index();
  }

  /** Its time has come. */
  @Override
  public final void run() {
    to.network().due(this);
  }

  /** {@return what it is called in a trace, a constant} */
  abstract String label();

  /** It has reached a host that is up. */
  abstract void arrive();

  /**
   * {@return whether it is sent again when the cut is healed, or the host is up, before which it
   * stands} Otherwise it is gone.
   */
  abstract boolean waits();
}
