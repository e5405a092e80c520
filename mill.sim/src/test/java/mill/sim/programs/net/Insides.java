package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import mill.core.EventLoop;
import mill.core.net.Connection;
import mill.core.net.Message;
import mill.natives.memory.BufferPoolConfig;

/** What no user sees of connections: memory, and races. The module is opened for this. */
final class Insides {
  /** What a loop may keep for its next read. */
  private static final long READ_BLOCK = 64 << 10;

  private static final Method OF;
  private static final Field BLOCKS;
  private static final Method LENT;
  private static final Method MEMORY;
  private static final Method DIALER;
  private static final Field BEGUN;
  private static final Method UNDER_WAY;
  private static final Field OVER;

  /**
   * How far the race of a connect has come.
   *
   * @param begun how many addresses were tried
   * @param underWay how many of them have not failed, nor won
   * @param over whether it is decided, and its handler about to hear of it
   */
  record Race(int begun, int underWay, boolean over) {}

  static {
    try {
      Class<?> home = Class.forName("mill.core.net.LoopConnections");
      OF = home.getDeclaredMethod("of", EventLoop.class, BufferPoolConfig.class);
      BLOCKS = home.getDeclaredField("blocks");
      LENT = Class.forName("mill.core.net.Blocks").getDeclaredMethod("lentBytes");
      MEMORY = Message.class.getDeclaredMethod("memory");
      Class<?> dialer = Class.forName("mill.core.net.Dialer");
      DIALER = Class.forName("mill.core.net.SocketConnection").getDeclaredMethod("dialer");
      BEGUN = dialer.getDeclaredField("next");
      UNDER_WAY = dialer.getDeclaredMethod("attempts");
      OVER = dialer.getDeclaredField("over");
      OVER.setAccessible(true);
      DIALER.setAccessible(true);
      BEGUN.setAccessible(true);
      UNDER_WAY.setAccessible(true);
      OF.setAccessible(true);
      BLOCKS.setAccessible(true);
      LENT.setAccessible(true);
      MEMORY.setAccessible(true);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Object blocks;

  private Insides(Object blocks) {
    this.blocks = blocks;
  }

  /** Makes the connections of a loop that has none yet, with a memory of their own. */
  static Insides of(EventLoop loop, BufferPoolConfig memory) {
    try {
      return new Insides(BLOCKS.get(OF.invoke(null, loop, memory)));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("mill.core.net is opened for this", e);
    }
  }

  /** {@return whether all memory is given back, but for what is kept for the next read} */
  boolean isIdle() {
    long lent = lentBytes();
    return lent == 0 || lent == READ_BLOCK;
  }

  long lentBytes() {
    try {
      return (long) LENT.invoke(blocks);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("mill.core.net is opened for this", e);
    }
  }

  /** {@return the race of a connection that was connected, from its loop's thread} */
  static Race race(Connection of) {
    try {
      Object dialer = DIALER.invoke(of);
      return new Race(
          (int) BEGUN.get(dialer), (int) UNDER_WAY.invoke(dialer), (boolean) OVER.get(dialer));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("mill.core.net is opened for this", e);
    }
  }

  /** {@return where a message's bytes are} */
  static MemorySegment memory(Message message) {
    try {
      return (MemorySegment) MEMORY.invoke(message);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("mill.core.net is opened for this", e);
    }
  }
}
