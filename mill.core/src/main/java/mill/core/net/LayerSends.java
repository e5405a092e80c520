package mill.core.net;

import java.io.IOException;
import java.util.List;
import mill.natives.net.StreamSocket;

/**
 * The way down through the layers of a connection: from its queue through each of them to the
 * socket, and what each says at its end. The loop's thread.
 */
final class LayerSends {
  private static final int LITTLE = 32 << 10;
  private static final int MAX_SENDS = 16;

  private final SocketConnection owner;
  private final LayerStack stack;
  private final List<LayerPlace> places; // the stack's

  /** There is something to do, whatever the queues hold. */
  boolean dirty;

  /** A layer is being called. */
  boolean inLayer;

  private long encoded; // of the connection's bytes, since nothing waited below

  LayerSends(SocketConnection owner, LayerStack stack, List<LayerPlace> places) {
    this.owner = owner;
    this.stack = stack;
    this.places = places;
  }

  /** Whether there is something to do or to send. */
  boolean isDirty() {
    boolean any = dirty;
    for (int i = 0; i < places.size(); i++) {
      any |= places.get(i).down.isDirty();
    }
    return any;
  }

  /** What is sent to the socket. */
  WriteQueue wire() {
    return places.isEmpty() ? owner.queue : places.get(0).down;
  }

  private WriteQueue aboveOf(int i) {
    return i + 1 < places.size() ? places.get(i + 1).down : owner.queue;
  }

  /** Encodes for as long as little waits below. */
  private void push() {
    if (inLayer) {
      return; // what it puts is encoded when it has returned
    }
    boolean moved;
    do {
      moved = false;
      int until = firstCut();
      for (int i = 0; i < until && !owner.isGone(); i++) {
        moved |= push(i);
      }
    } while (moved && !owner.isGone());
  }

  private boolean push(int i) {
    LayerPlace place = places.get(i);
    WriteQueue above = aboveOf(i);
    boolean moved = false;
    while (place.encodes()
        && place.down.waiting() < LITTLE
        && above.hasSendable()
        && (i + 1 < places.size() || stack.isReady())) {
      long took = place.encode(above);
      if (took == 0) {
        break;
      }
      if (i + 1 == places.size()) {
        encoded += took;
      }
      moved = true;
    }
    return moved;
  }

  /**
   * Encodes and sends what the kernel takes.
   *
   * @return false if there is more than one flush sends: another is owed
   * @throws IOException if the connection has failed
   */
  boolean send(StreamSocket socket) throws IOException {
    boolean wasFlooded = isFlooded();
    boolean all = sendSome(socket);
    if (wasFlooded && !isFlooded()) {
      owner.readAgain();
    }
    return all;
  }

  private boolean isFlooded() {
    boolean any = false;
    for (int i = 0; i < places.size(); i++) {
      any |= places.get(i).isFlooded();
    }
    return any;
  }

  private boolean sendSome(StreamSocket socket) throws IOException {
    for (int i = 0; i < MAX_SENDS; i++) {
      push();
      clean();
      WriteQueue wire = wire();
      if (owner.isGone() || !wire.hasSendable()) {
        allIsGone();
        return true;
      }
      if (!wire.send(socket)) {
        return false;
      }
      if (wire.isBlocked()) {
        return true;
      }
    }
    return false;
  }

  private void allIsGone() {
    encoded = 0;
    for (int i = 0; i < places.size(); i++) {
      if (places.get(i).bypassed) {
        stack.changed(); // it leaves now
      }
    }
  }

  private void clean() {
    dirty = false;
    for (int i = 0; i < places.size(); i++) {
      places.get(i).down.clean();
    }
  }

  /** How many bytes of the connection were encoded, and not taken by the system; at most. */
  long undelivered() {
    long waiting = 0;
    for (int i = 0; i < places.size(); i++) {
      waiting += places.get(i).down.waiting();
    }
    return Math.min(waiting, encoded);
  }

  // ---- the end

  // From here on upwards nobody speaks any more: it has failed, or cannot become ready.
  private int firstCut() {
    int i = 0;
    while (i < places.size() && !places.get(i).failed && (places.get(i).ready || !owner.closing)) {
      i++;
    }
    return i;
  }

  /** Lets each say its end when it has encoded all; whether all is sent. */
  boolean isAllSent() {
    int until = firstCut();
    for (int i = until - 1; i >= 0; i--) {
      LayerPlace place = places.get(i);
      if (!place.ready || place.isHeld() || !aboveOf(i).isEmpty()) {
        return false;
      }
      if (!place.isSaid) {
        place.end();
        dirty = true;
        owner.wake();
      }
    }
    return wire().isEmpty();
  }

  /** Takes nothing more to send. */
  void closeDown() {
    for (int i = 0; i < places.size(); i++) {
      places.get(i).down.close();
    }
  }
}
