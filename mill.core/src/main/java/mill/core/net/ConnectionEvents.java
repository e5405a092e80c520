package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.util.function.Supplier;
import mill.core.EventHandler;
import mill.core.Registration;
import mill.core.net.CloseCause.Kind;
import mill.natives.Readiness;
import mill.natives.net.StreamSocket;

/**
 * The side of a connection that the socket's events come to: what is read and sent then, with
 * layers in between or without. The loop's thread.
 */
abstract class ConnectionEvents extends ConnectionCalls implements EventHandler {
  private final boolean connects; // this end, and so it has a time for that already

  ConnectionEvents(
      LoopConnections home, ConnectionConfig config, ConnectionHandler handler, boolean accepted) {
    super(home, config, handler, accepted);
    connects = !accepted;
  }

  /** Something has become of an attempt to connect. */
  abstract void attemptReady(Registration ready, Readiness readiness);

  // ---- layers

  // The connect timeout goes on until they are ready, or begins.
  final void beginLayers() {
    if (!connects) {
      times().connects();
    }
    try {
      for (Supplier<? extends Layer> made : config.layers) {
        stack().add(requireNonNull(made.get(), "a layer"));
      }
    } catch (Throwable thrown) {
      fail(Kind.LAYER, thrown);
    }
  }

  @Override
  public void layer(Layer layer) {
    requireHere("layer()");
    requireNonNull(layer, "layer");
    if (phase != Phase.STANDS || closing) {
      throw new IllegalStateException("no layer can begin on it: " + this);
    }
    if (reads.hasUnread()) {
      throw new IllegalStateException(
          "bytes are unread that came before the layer: it has to begin at the end of a frame, and"
              + " the peer must not send more before it knows: "
              + this);
    }
    stack().addLater(layer);
  }

  private LayerStack stack() {
    LayerStack stack = layers;
    if (stack == null) {
      stack = new LayerStack(home, self());
      layers = stack;
    }
    return stack;
  }

  /** All layers are ready. */
  void layersAreReady() {
    if (!hasOpened()) {
      times().stands();
      opensSoon();
    }
    readAgain();
    wake();
  }

  /** The last layer has gone. */
  void withoutLayers() {
    layers = null;
    queue.soil();
    readAgain();
    wake();
  }

  @Override
  void arrangeLayers() {
    if (isLayered() && phase == Phase.STANDS) {
      requireNonNull(layers).arrange();
    }
  }

  /** Whether it has not opened, because a layer is not ready. */
  @Override
  boolean awaitsLayers() {
    return !hasOpened() && layers != null && !layers.isReady();
  }

  @Override
  void lookAtLayers() {
    if (layers != null) {
      layers.look();
    }
  }

  /** What is sent to the socket. */
  WriteQueue wire() {
    LayerStack stack = layers;
    return stack == null ? queue : stack.down.wire();
  }

  private boolean isLayered() {
    return layers != null && !closing;
  }

  // ---- events

  @Override
  @SuppressWarnings("ReferenceEquality") // whether it is the very same
  public void onReady(Registration ready, Readiness readiness) {
    if (ready != registration) {
      attemptReady(ready, readiness);
      return;
    }
    int bits = readiness.bits();
    boolean broken = (bits & (Readiness.ERROR | Readiness.WRITE_CLOSED)) != 0;
    if ((bits & Readiness.WRITABLE) != 0 && wire().isBlocked()) {
      wire().unblock();
      queue.soil(); // sent below; of a broken connection what has arrived is read first
      if (!broken) {
        send();
      }
    }
    if ((bits & (Readiness.READABLE | Readiness.READ_CLOSED)) != 0) {
      boolean end = broken || (bits & Readiness.READ_CLOSED) != 0;
      if (isLayered()) {
        requireNonNull(layers).ready(end);
      } else {
        reads.ready(end);
      }
      readPass();
    }
    if ((bits & Readiness.ERROR) != 0 && phase == Phase.STANDS && !mayDeliver() && !closing) {
      fail(Kind.PEER_RESET, null); // who does not read would not hear of it
    }
    settle();
  }

  /** A read that was owed. */
  void readOwed() {
    readPass();
    settle();
  }

  private void readPass() {
    if (phase != Phase.STANDS) {
      return;
    }
    beginPass();
    try {
      if (isLayered()) {
        requireNonNull(layers).pass(requireNonNull(socket));
      } else {
        reads.pass(requireNonNull(socket));
      }
    } catch (IOException e) {
      fail(Kind.PEER_RESET, e);
    } finally {
      endPass();
    }
  }

  void hasRead() {
    ConnectionTimes known = timesIfAny();
    if (known != null) {
      known.hasRead();
    }
  }

  @Override
  void readAgain() {
    if (phase == Phase.STANDS
        && (isLayered() ? requireNonNull(layers).isPending() : reads.isPending())) {
      home.agenda.owes(self());
    }
  }

  // ---- sending

  @Override
  void hasOutput() {
    wake();
  }

  @Override
  void sendAtOnce() {
    send();
  }

  @Override
  void send() {
    if (phase == Phase.NEW) {
      return; // and is not clean: what was put goes out when it stands
    }
    queue.clean();
    StreamSocket to = socket;
    LayerStack between = layers;
    if (phase != Phase.STANDS || to == null || wire().isBlocked()) {
      return;
    }
    try {
      boolean all = between == null ? queue.send(to) : between.down.send(to);
      if (!all) {
        queue.soil();
        home.agenda.add(self());
      }
    } catch (IOException e) {
      fail(Kind.PEER_RESET, e);
    }
  }

  @Override
  void isBlocked() {
    times().blocks();
  }

  @Override
  void madeProgress() {
    ConnectionTimes known = timesIfAny();
    if (known != null) {
      known.goesOn();
    }
  }
}
