package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;

/**
 * The layers of a connection, the first one next to the socket, and what moves between them. Gone
 * when the last one has bypassed itself. The loop's thread.
 *
 * <pre>
 *   handler ─ queue ──▶ encode ──▶ down ──▶ encode ──▶ down = the wire ──▶ socket
 *   framer ◀─ unread ◀── decode ◀── inlet ◀── decode ◀── inlet ◀────────── socket
 * </pre>
 *
 * <p>Bytes move up as high as they can before more are read or decoded, and down only while little
 * waits: so what is queued stays at the top, where it is counted, and what is unread stays in the
 * kernel.
 */
final class LayerStack {
  private static final int READS_PER_PASS = 4;

  private final LoopConnections home;
  private final SocketConnection owner;
  private final List<LayerPlace> places = new ArrayList<>(2);
  private final Inlet top;

  /** The way down. */
  final LayerSends down;

  private boolean readable;
  private boolean ends;
  private boolean ended;
  private boolean topEnded; // and the framer's side knows
  private boolean ready;
  private boolean discards;

  LayerStack(LoopConnections home, SocketConnection owner) {
    this.home = home;
    this.owner = owner;
    ReadSide reads = owner.reads;
    top = new Inlet(home, owner, reads);
    down = new LayerSends(owner, this, places);
    readable = reads.isReadable();
    ends = reads.ends();
    ended = reads.hasEnded();
    reads.readiness(false, false, false);
  }

  /** Puts a layer on top. */
  void add(Layer layer) {
    places.add(new LayerPlace(this, owner, home, layer));
    ready = false;
    changed();
  }

  /** The same, and what was queued so far goes out below of it. */
  void addLater(Layer layer) {
    add(layer);
    owner.queue.moveTo(places.getLast().down);
  }

  // ---- its state

  /** Whether all are ready. */
  boolean isReady() {
    return ready;
  }

  /** Something has changed that was not caused by an event of the socket. */
  void changed() {
    down.dirty = true;
    if (owner.phase == ConnectionEnds.Phase.STANDS) {
      home.agenda.owes(owner);
      owner.wake();
    }
  }

  void enter() {
    down.inLayer = true;
  }

  void leave() {
    down.inLayer = false;
    home.seam.clearInterrupt();
  }

  MemorySegment nothing() {
    return home.nowhere();
  }

  /** Other threads may have released some. */
  void look() {
    places.forEach(LayerPlace::look);
  }

  /** Where a layer puts what it has decoded. */
  Inlet above(LayerPlace place) {
    int i = places.indexOf(place);
    return i + 1 < places.size() ? places.get(i + 1).in : top;
  }

  // ---- what the socket says

  /** The socket has something: bytes, the end, an error. */
  void ready(boolean end) {
    readable = true;
    ends |= end;
  }

  /** Whether a pass would find something to do, as far as is known. */
  boolean isPending() {
    if (readable || owner.reads.isPending()) {
      return true;
    }
    for (int i = 0; i < places.size(); i++) {
      if (places.get(i).isCurious() || (endedBelow(i) && places.get(i).isToBeCut())) {
        return true;
      }
    }
    return false;
  }

  private boolean endedBelow(int i) {
    return i == 0 ? ended : places.get(i - 1).ended;
  }

  // ---- starting and leaving

  /** Starts who is next, removes who has bypassed itself, and says when all are ready. */
  void arrange() {
    int i = 0;
    while (i < places.size() && owner.phase == ConnectionEnds.Phase.STANDS && !owner.closing) {
      LayerPlace place = places.get(i);
      if (!place.started) {
        place.start();
      }
      if (!place.ready) {
        return;
      }
      if (place.bypassed && leave(i, place)) {
        continue;
      }
      i++;
    }
    if (!ready && i == places.size()) {
      ready = true;
      owner.layersAreReady();
    }
    if (places.isEmpty() && !owner.closing && !owner.isGone()) {
      owner.reads.readiness(readable, ends, ended || owner.reads.hasEnded());
      owner.withoutLayers();
    }
  }

  // Not before what it has sent down is gone: what is above of it comes behind.
  private boolean leave(int i, LayerPlace place) {
    place.in.moveTo(above(place));
    if (!place.down.isEmpty()) {
      return false;
    }
    places.remove(i);
    place.close();
    return true;
  }

  // ---- up

  /**
   * Reads and decodes until nothing moves any more, the connection is paused, or others have to
   * have their turn.
   *
   * @throws IOException if the connection has failed
   */
  void pass(StreamSocket socket) throws IOException {
    int reads = 0;
    while (true) {
      arrange();
      if (places.isEmpty() || owner.closing || owner.isGone()) {
        break;
      }
      owner.reads.deliverDecoded();
      if (owner.closing || owner.isGone()) {
        break;
      }
      if (step()) {
        continue;
      }
      if (!readable || ended || !mayDecode(0)) {
        break;
      }
      if (reads++ == READS_PER_PASS) {
        home.agenda.owes(owner);
        break;
      }
      if (!read(socket)) {
        break;
      }
    }
    for (int i = 0; i < places.size(); i++) {
      Inlet in = places.get(i).in;
      if (owner.closing || owner.isGone()) {
        in.release();
      } else {
        in.trim();
      }
    }
    owner.reads.settleDecoded();
  }

  private boolean read(StreamSocket socket) throws IOException {
    Inlet in = places.get(0).in;
    if (places.get(0).ended) {
      in.take(in.length()); // behind its orderly end
    }
    Block into = in.readable();
    if (into == null) {
      home.agenda.hungers(owner);
      return false;
    }
    int room = into.room();
    int read = home.vectors.read(socket, into);
    if (read > 0) {
      into.end += read;
      owner.hasRead();
      readable = read == room || ends;
    } else {
      readable = false;
      ended = read == IoStatus.END_OF_STREAM;
    }
    return true;
  }

  /** One step up, as high as there is one; false if nothing has moved. */
  private boolean step() {
    for (int i = places.size() - 1; i >= 0; i--) {
      LayerPlace place = places.get(i);
      if (!place.started || place.isHeld() || !mayDecode(i)) {
        continue;
      }
      if (place.bypassed) {
        place.in.moveTo(above(place));
      } else if (place.isCurious() && !place.ended) {
        boolean wasReady = place.ready;
        if (place.decode() || place.ready != wasReady || place.ended) {
          return true;
        }
      }
      if (owner.closing || owner.isGone()) {
        return false;
      }
      if (endedBelow(i) && place.isToBeCut()) {
        place.cut();
        return true;
      }
    }
    return endTop();
  }

  private boolean endTop() {
    if (topEnded || places.isEmpty() || !places.get(places.size() - 1).ended || !ready) {
      return false;
    }
    topEnded = true;
    owner.reads.endDecoded();
    return true;
  }

  /**
   * Whether it may decode: if the peer takes its answers, and once it is ready, if there is
   * somebody who takes what it decodes.
   */
  private boolean mayDecode(int i) {
    if (places.get(i).isFlooded()) {
      return false;
    }
    for (int at = i; at < places.size(); at++) {
      LayerPlace place = places.get(at);
      if (place.isHeld()) {
        return false;
      }
      if (!place.ready) {
        return true;
      }
    }
    return owner.mayDeliver();
  }

  // ---- the end

  /** The input is discarded from now on, by the read side itself. */
  void discard() {
    if (!discards) {
      discards = true;
      owner.reads.readiness(readable, ends, ended || owner.reads.hasEnded());
      readable = false;
    }
  }

  /** Gives everything back. */
  void release() {
    for (int i = 0; i < places.size(); i++) {
      places.get(i).close();
    }
    places.clear();
  }
}
