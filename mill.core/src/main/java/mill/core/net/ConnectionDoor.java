package mill.core.net;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The side of a connection that other threads use: what they ask for goes through the ring of its
 * loop, or, where that is full, is noted in flags.
 *
 * <pre>
 *   the loop's thread ───────────────────────────────────▶ done at once
 *   another ─▶ ring has a place, no flag is up ─▶ ring ──▶ done in the ring's order
 *           └▶ write, task: refused
 *            └▶ pause, resume, the ends: flags ──────────▶ done behind what the ring held
 * </pre>
 *
 * <p>While a flag is up everything else of the connection goes the way of the flags too, or is
 * refused: that keeps the order of each thread. The flags of connecting and of released layers are
 * none of these.
 */
abstract class ConnectionDoor implements Connection {
  private static final int START = 1;
  private static final int PAUSES = 1 << 1;
  private static final int END = 1 << 2;
  private static final int CLOSE = 1 << 3;
  private static final int RESET = 1 << 4;
  private static final int REFUSED = 1 << 5;
  private static final int OVERFLOW = 1 << 6;
  private static final int LOOK = 1 << 7;
  private static final int ANSWER = 1 << 8;
  private static final int LAYERS = 1 << 9;

  /** What does not belong to the order of calls. */
  private static final int APART = START | ANSWER | LAYERS;

  private static final VarHandle FLAGS;
  private static final VarHandle COMMANDS;

  static {
    try {
      var lookup = MethodHandles.lookup();
      FLAGS = lookup.findVarHandle(ConnectionDoor.class, "flags", int.class);
      COMMANDS = lookup.findVarHandle(ConnectionDoor.class, "commands", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A pause or its end that the ring had no place for. */
  private record Pause(Object reason, boolean on) {}

  final LoopConnections home;
  final WriteQueue queue;

  // The loop's lists.
  boolean isOnAgenda;
  boolean owes;
  @Nullable SocketConnection nextOnAgenda;
  @Nullable SocketConnection nextOwing;
  @Nullable SocketConnection nextFlagged; // handed over with the flags

  /** Written by the loop's thread. */
  volatile boolean isOpen;

  private volatile boolean refuses;

  @SuppressWarnings("FieldMayBeFinal") // through FLAGS
  private volatile int flags;

  @SuppressWarnings("FieldMayBeFinal") // through COMMANDS
  private volatile int commands; // in the ring, or about to be

  private @Nullable ArrayList<Pause> latePauses; // guarded by this

  ConnectionDoor(LoopConnections home, ConnectionConfig config) {
    this.home = home;
    queue = new WriteQueue(home, this, config);
  }

  // ---- what the loop's thread does

  abstract void start();

  /** The resolver has answered. */
  abstract void answered();

  abstract void endHere();

  abstract void closeHere();

  abstract void resetHere();

  abstract void pauseHere(Object reason);

  abstract void resumeHere(Object reason);

  /** Something was put that is to be sent. */
  abstract void hasOutput();

  /** So much was put that it is to be sent in the middle of a callback. */
  abstract void sendAtOnce();

  /** The kernel takes no more. */
  abstract void isBlocked();

  /** The kernel has taken bytes. */
  abstract void madeProgress();

  /** The queue has fallen to the low mark. */
  abstract void drained();

  /** More is queued than may be. */
  abstract void overflows();

  /** There is no memory for what is put. */
  abstract void outOfMemory();

  /** A write was refused for want of a place in the ring. */
  abstract void refused();

  abstract void run(Runnable task);

  /** Another thread has released a layer. */
  abstract void lookAtLayers();

  /** No command waits any more. */
  abstract void commandsAreDone();

  final void noMoreCommands() {
    refuses = true;
  }

  /** Whether commands wait that were accepted. */
  final boolean hasCommands() {
    return commands > 0;
  }

  final void requireHere(String call) {
    if (!home.isHere()) {
      throw new IllegalStateException(
          call + " on another thread than the loop's: use execute() to get there");
    }
  }

  // ---- commands

  /** Does what the ring brings. */
  final void obey(byte command, @Nullable Object argument) {
    home.callbackBegins();
    switch (command) {
      case CommandRing.WRITE -> {
        var message = (Message) requireNonNull(argument);
        long length = message.length();
        queue.append(message);
        queue.arrived(length);
        message.release();
      }
      case CommandRing.EXECUTE -> run((Runnable) requireNonNull(argument));
      case CommandRing.PAUSE -> pauseHere(requireNonNull(argument));
      case CommandRing.RESUME -> resumeHere(requireNonNull(argument));
      case CommandRing.END -> endHere();
      case CommandRing.CLOSE -> closeHere();
      case CommandRing.RESET -> resetHere();
      default -> throw new IllegalStateException("not a command: " + command);
    }
    left();
  }

  private void left() {
    if ((int) COMMANDS.getAndAdd(this, -1) == 1) {
      commandsAreDone();
    }
  }

  /** Does what the flags say. */
  final void obeyFlags() {
    int raised = (int) FLAGS.getAndSet(this, 0);
    home.callbackBegins();
    if ((raised & START) != 0) {
      start();
    }
    if ((raised & ANSWER) != 0) {
      answered();
    }
    if ((raised & PAUSES) != 0) {
      obeyPauses();
    }
    if ((raised & END) != 0) {
      endHere();
    }
    if ((raised & CLOSE) != 0) {
      closeHere();
    }
    if ((raised & RESET) != 0) {
      resetHere();
    }
    if ((raised & OVERFLOW) != 0) {
      overflows();
    }
    if ((raised & REFUSED) != 0) {
      refused();
    }
    if ((raised & LAYERS) != 0) {
      lookAtLayers();
    }
    if ((raised & LOOK) != 0 && !hasCommands()) {
      commandsAreDone();
    }
  }

  private void obeyPauses() {
    ArrayList<Pause> late;
    synchronized (this) {
      late = latePauses;
      latePauses = null;
    }
    for (int i = 0; late != null && i < late.size(); i++) {
      Pause pause = late.get(i);
      if (pause.on) {
        pauseHere(pause.reason);
      } else {
        resumeHere(pause.reason);
      }
    }
  }

  private void raise(int bits) {
    if ((int) FLAGS.getAndBitwiseOr(this, bits) == 0) {
      home.hasFlags((SocketConnection) this);
    }
  }

  /** Gives a command to the ring; false if it takes none, or this does not. Any thread. */
  private boolean offer(byte command, @Nullable Object argument) {
    COMMANDS.getAndAdd(this, 1);
    // After the addition: who ends this looks at it after it has begun to refuse.
    if (!refuses
        && (flags & ~APART) == 0
        && home.ring.offer((SocketConnection) this, command, argument)) {
      home.seam.wake();
      return true;
    }
    if ((int) COMMANDS.getAndAdd(this, -1) == 1 && refuses) {
      raise(LOOK); // who ends this may have seen the command that there is not
    }
    return false;
  }

  /** Begins to connect, on the loop's thread. Any thread. */
  final void begin() {
    raise(START);
  }

  /** The resolver has answered. Any thread. */
  final void hasAnswer() {
    raise(ANSWER);
  }

  /** A layer was released. Any thread. */
  final void releaseLayers() {
    raise(LAYERS);
  }

  @Override
  public final Output out() {
    if (!home.isHere()) {
      throw new IllegalStateException(
          "out() on another thread than the loop's: use write(), which any thread may");
    }
    return queue;
  }

  @Override
  public final boolean write(Message message) {
    long length = message.length();
    if (refuses || queue.isClosed()) {
      return false;
    }
    if (home.isHere()) {
      if (queue.isOverLimit()) {
        overflows();
        return false;
      }
      queue.append(message);
      return true;
    }
    if (queue.isOverLimit()) {
      raise(OVERFLOW);
      return false;
    }
    message.retain();
    queue.expect(length);
    if (offer(CommandRing.WRITE, message)) {
      return true;
    }
    queue.arrived(length);
    message.release();
    raise(REFUSED);
    return false;
  }

  @Override
  public final long queuedBytes() {
    return queue.queuedBytes();
  }

  @Override
  public final boolean isCongested() {
    return queue.isCongested();
  }

  @Override
  public final boolean isOpen() {
    return isOpen;
  }

  @Override
  public final void pause(Object reason) {
    requireNonNull(reason, "reason");
    if (home.isHere()) {
      pauseHere(reason);
    } else if (!offer(CommandRing.PAUSE, reason)) {
      pauseLate(new Pause(reason, true));
    }
  }

  @Override
  public final void resume(Object reason) {
    requireNonNull(reason, "reason");
    if (home.isHere()) {
      resumeHere(reason);
    } else if (!offer(CommandRing.RESUME, reason)) {
      pauseLate(new Pause(reason, false));
    }
  }

  // The last word for each reason, so that there are never more than reasons.
  @SuppressWarnings("ReferenceEquality") // told apart by identity
  private void pauseLate(Pause pause) {
    if (refuses) {
      return;
    }
    synchronized (this) {
      if (latePauses == null) {
        latePauses = new ArrayList<>();
      }
      latePauses.removeIf(before -> before.reason == pause.reason);
      latePauses.add(pause);
    }
    raise(PAUSES);
  }

  @Override
  public final void end() {
    if (home.isHere()) {
      endHere();
    } else if (!offer(CommandRing.END, null)) {
      raise(END);
    }
  }

  @Override
  public final void close() {
    if (home.isHere()) {
      closeHere();
    } else if (!offer(CommandRing.CLOSE, null)) {
      raise(CLOSE);
    }
  }

  @Override
  public final void reset() {
    if (home.isHere()) {
      resetHere();
    } else if (!offer(CommandRing.RESET, null)) {
      raise(RESET);
    }
  }

  @Override
  public final void execute(Runnable task) {
    requireNonNull(task, "task");
    if (!offer(CommandRing.EXECUTE, task)) {
      throw new RejectedExecutionException(
          refuses
              ? "it has ended: " + this
              : "as many commands wait as the loop takes, or it has ended: " + this);
    }
  }
}
