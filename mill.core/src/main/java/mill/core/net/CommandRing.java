package mill.core.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What other threads ask of a loop's connections, first in first out: a bounded ring with many
 * producers and one consumer that allocates nothing after it is made.
 *
 * <p>A producer claims a place by moving the tail, then fills it, the connection last: that
 * publishes it. Closing sets the tail's sign bit, so that nothing can be claimed any more while
 * everything claimed before is still delivered.
 */
final class CommandRing {
  /** The commands that have an argument: a message, a task, a reason. */
  static final byte WRITE = 1;

  static final byte EXECUTE = 2;
  static final byte PAUSE = 3;
  static final byte RESUME = 4;

  /** And those that have none. */
  static final byte END = 5;

  static final byte CLOSE = 6;
  static final byte RESET = 7;

  private static final long CLOSED_BIT = Long.MIN_VALUE;
  private static final VarHandle WHO =
      MethodHandles.arrayElementVarHandle(SocketConnection[].class);
  private static final VarHandle TAIL;
  private static final VarHandle HEAD;

  static {
    try {
      var lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(CommandRing.class, "tail", long.class);
      HEAD = lookup.findVarHandle(CommandRing.class, "head", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final @Nullable SocketConnection[] who;
  private final byte[] what;
  private final @Nullable Object[] argument;
  private final int mask;

  @SuppressWarnings("FieldMayBeFinal") // written through TAIL
  private volatile long tail;

  @SuppressWarnings("FieldMayBeFinal") // written through HEAD
  private volatile long head;

  // What was taken last. The consumer's.
  private byte takenWhat;
  private @Nullable Object takenArgument;

  /**
   * Makes a ring.
   *
   * @param capacity how many commands it holds, a power of two
   */
  CommandRing(int capacity) {
    who = new @Nullable SocketConnection[capacity];
    what = new byte[capacity];
    argument = new @Nullable Object[capacity];
    mask = capacity - 1;
  }

  /** Appends a command, if there is a place. Any thread. */
  boolean offer(SocketConnection connection, byte command, @Nullable Object with) {
    long claimed = tail;
    while (true) {
      if (claimed < 0 || claimed - head > mask) {
        return false;
      }
      long witness = (long) TAIL.compareAndExchange(this, claimed, claimed + 1);
      if (witness == claimed) {
        int index = (int) claimed & mask;
        what[index] = command;
        argument[index] = with;
        VarHandle.releaseFence();
        who[index] = connection; // plain, and no call: nothing can come between claim and store
        VarHandle.fullFence(); // the producer goes on to ask whether the loop sleeps
        return true;
      }
      claimed = witness;
    }
  }

  /** Takes the oldest command that is filled in: its connection, or null. The loop's thread. */
  @Nullable SocketConnection poll() {
    long at = head;
    int index = (int) at & mask;
    var connection = (SocketConnection) WHO.getAcquire(who, index);
    if (connection != null) {
      takenWhat = what[index];
      takenArgument = argument[index];
      argument[index] = null;
      WHO.setRelease(who, index, null);
      HEAD.setRelease(this, at + 1);
    }
    return connection;
  }

  /** What {@link #poll} has taken. */
  byte command() {
    return takenWhat;
  }

  /** And with what; null if it has no argument, or it was asked for before. */
  @Nullable Object argument() {
    Object taken = takenArgument;
    takenArgument = null;
    return taken;
  }

  /** Whether nothing waits that is filled in. The loop's thread. */
  boolean isEmpty() {
    return WHO.getVolatile(who, (int) head & mask) == null;
  }

  /** How many commands were claimed so far. Any thread. */
  long claimed() {
    return tail & ~CLOSED_BIT;
  }

  /** How many commands were taken so far. Any thread. */
  long taken() {
    return head;
  }

  /** Takes nothing more. Any thread. */
  void close() {
    TAIL.getAndBitwiseOr(this, CLOSED_BIT);
  }
}
