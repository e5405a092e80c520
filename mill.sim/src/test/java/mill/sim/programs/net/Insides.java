package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import mill.core.EventLoop;
import mill.core.net.Message;
import mill.natives.memory.BufferPoolConfig;

/** What no user sees of the connections of a loop: its memory. The module is opened for this. */
final class Insides {
  /** What a loop may keep for its next read. */
  private static final long READ_BLOCK = 64 << 10;

  private static final Method OF;
  private static final Field BLOCKS;
  private static final Method LENT;
  private static final Method MEMORY;

  static {
    try {
      Class<?> home = Class.forName("mill.core.net.LoopConnections");
      OF = home.getDeclaredMethod("of", EventLoop.class, BufferPoolConfig.class);
      BLOCKS = home.getDeclaredField("blocks");
      LENT = Class.forName("mill.core.net.Blocks").getDeclaredMethod("lentBytes");
      MEMORY = Message.class.getDeclaredMethod("memory");
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

  /** {@return where a message's bytes are} */
  static MemorySegment memory(Message message) {
    try {
      return (MemorySegment) MEMORY.invoke(message);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("mill.core.net is opened for this", e);
    }
  }
}
