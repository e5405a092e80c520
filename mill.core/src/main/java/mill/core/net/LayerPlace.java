package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.SocketAddress;
import mill.core.net.CloseCause.Kind;

/** A layer in its stack: what lies below and above of it, and how far it has come. */
final class LayerPlace implements Layer.Site {
  /** It holds nothing that it can take: it was shown that much, and took nothing. */
  private static final int UNSHOWN = -1;

  /** So much that it has answered and the peer does not take: it decodes no more meanwhile. */
  private static final int MUCH = 128 << 10;

  /** So much that a layer cannot take is an attack, or an error. */
  private static final int MAX_UNTAKEN = 1 << 20;

  private final LayerStack stack;
  private final SocketConnection owner;
  private final Layer layer;

  /** What has come up to it. */
  final Inlet in;

  /** What it has sent down. */
  final WriteQueue down;

  boolean started;
  boolean ready;
  boolean bypassed;
  boolean failed;

  /** Nothing comes up from it any more. */
  boolean ended;

  /** It was asked for its end. */
  boolean isSaid;

  private boolean held;
  private boolean wasReleased; // and was not called since
  private boolean wasCut;
  private boolean upIsOpen;
  private int shown = UNSHOWN;
  private long answered; // what it put down while decoding, since nothing waited there
  private volatile boolean releases; // said by another thread

  LayerPlace(LayerStack stack, SocketConnection owner, LoopConnections home, Layer layer) {
    this.stack = stack;
    this.owner = owner;
    this.layer = layer;
    in = new Inlet(home, owner, null);
    down = WriteQueue.below(home, owner);
  }

  boolean isHeld() {
    return held;
  }

  /** Whether it is to be shown what there is, as it has not seen all of it. */
  boolean isCurious() {
    return !held && (wasReleased || (in.length() > 0 && in.length() != shown));
  }

  /** Whether the peer has to take what it has answered before it hears more. */
  boolean isFlooded() {
    return Math.min(answered, down.waiting()) > MUCH;
  }

  /** Whether it takes what is above of it. */
  boolean encodes() {
    return started && ready && !held && !bypassed && !failed && !isSaid;
  }

  // ---- calls of the layer

  void start() {
    started = true;
    upIsOpen = true;
    stack.enter();
    try {
      layer.start(this);
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      leave();
    }
  }

  private void leave() {
    upIsOpen = false;
    stack.leave();
  }

  /** Shows it what there is; whether anything has come of it. */
  boolean decode() {
    Block from = in.block();
    int there = in.length();
    long at = from == null ? 0 : from.start;
    Inlet above = stack.above(this);
    long before = above.total();
    long answeredBefore = down.isEmpty() ? 0 : answered;
    long downBefore = down.mark();
    wasReleased = false;
    long took = 0;
    upIsOpen = true;
    stack.enter();
    try {
      var memory = from == null ? stack.nothing() : from.memory;
      took = layer.decode(this, memory, at, at + there);
      if (took < 0 || took > there) {
        throw new IllegalStateException(layer + " took " + took + " of " + there + " bytes");
      }
    } catch (Throwable thrown) {
      fail(thrown);
      took = 0;
    } finally {
      leave();
    }
    answered = answeredBefore + down.mark() - downBefore;
    in.take((int) took);
    shown = took == 0 ? there : UNSHOWN;
    if (took == 0 && there >= MAX_UNTAKEN && !held && !owner.closing) {
      fail(new IOException(layer + " takes nothing of " + there + " bytes"));
    }
    return took > 0 || above.total() != before;
  }

  /** Whether it is to hear that nothing more comes from below. */
  boolean isToBeCut() {
    return !wasCut && !ended && !held && started && !isCurious();
  }

  void cut() {
    wasCut = true;
    upIsOpen = true;
    stack.enter();
    try {
      if (bypassed) {
        ended();
      } else {
        layer.cut(this);
      }
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      leave();
    }
    if (ended && (!ready || in.length() > 0)) {
      owner.fail(Kind.TRUNCATED, null);
    }
  }

  /** Lets it take the first of what is above; how much it took. */
  long encode(WriteQueue above) {
    Block first = requireNonNull(above.first());
    long length = Math.min(first.length(), above.sendable());
    long took = 0;
    stack.enter();
    try {
      took = layer.encode(this, first.memory, first.start, first.start + length);
      if (took < 0 || took > length) {
        throw new IllegalStateException(layer + " took " + took + " of " + length + " bytes");
      }
    } catch (Throwable thrown) {
      fail(thrown);
      took = 0;
    } finally {
      stack.leave();
    }
    if (owner.isGone()) {
      return 0; // what it took stays above, and counts as undelivered
    }
    if (took > 0) {
      above.take(took);
    }
    return took;
  }

  /** All from above is encoded. */
  void end() {
    isSaid = true;
    if (bypassed) {
      return;
    }
    stack.enter();
    try {
      layer.end(this);
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      stack.leave();
    }
  }

  /** Lets the layer give back what it holds. */
  void close() {
    in.release();
    down.release();
    try {
      layer.close();
    } catch (Throwable thrown) {
      ConnectionLog.layerThrew(owner, layer, thrown);
    }
  }

  // ---- the site

  @Override
  public Connection connection() {
    return owner;
  }

  @Override
  public Output down() {
    return down;
  }

  @Override
  public Output up() {
    if (!upIsOpen) {
      throw new IllegalStateException(
          "up() outside of start(), decode() and cut(): use hold() and release() to get there");
    }
    return stack.above(this);
  }

  @Override
  public void ready() {
    owner.requireHere("ready()");
    if (!ready) {
      ready = true;
      stack.changed();
    }
  }

  @Override
  public void bypass() {
    bypassed = true;
    ready();
    stack.changed();
  }

  @Override
  public void ended() {
    owner.requireHere("ended()");
    ended = true;
    stack.changed();
  }

  @Override
  public void fail(Throwable why) {
    owner.requireHere("fail()");
    failed = true;
    owner.fail(Kind.LAYER, requireNonNull(why, "why"));
    stack.changed();
  }

  @Override
  public void hold() {
    owner.requireHere("hold()");
    held = true;
  }

  @Override
  public void release() {
    if (owner.home.isHere()) {
      released();
    } else {
      releases = true;
      owner.releaseLayers();
    }
  }

  /** Another thread may have released it. */
  void look() {
    if (releases) {
      releases = false;
      released();
    }
  }

  private void released() {
    if (held) {
      held = false;
      wasReleased = true;
      stack.changed();
    }
  }

  @Override
  public void remoteAddress(SocketAddress address) {
    owner.requireHere("remoteAddress()");
    owner.comesFor(requireNonNull(address, "address"));
  }

  /** {@return the layer} */
  @Override
  public String toString() {
    return "Site[" + layer + "]";
  }
}
