package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import mill.core.net.CloseCause.Kind;
import org.jspecify.annotations.Nullable;

/**
 * What has come up to a layer, or to the framer, and was not taken: bytes in one piece. The loop's
 * thread.
 */
final class Inlet extends BlockOutput {
  private static final int WORTH_READING = 4 << 10; // less room, and what is there is moved

  private final LoopConnections home;
  private final SocketConnection owner;
  private final @Nullable ReadSide framed; // keeps the block, if this is below the framer

  private @Nullable Block own;
  private long put;

  Inlet(LoopConnections home, SocketConnection owner, @Nullable ReadSide framed) {
    this.home = home;
    this.owner = owner;
    this.framed = framed;
  }

  @Nullable Block block() {
    return framed == null ? own : framed.unread();
  }

  private void block(@Nullable Block block) {
    if (framed == null) {
      own = block;
    } else {
      framed.unread(block);
    }
  }

  int length() {
    Block block = block();
    return block == null ? 0 : block.length();
  }

  /** How much was put so far. */
  long total() {
    return put;
  }

  // ---- room

  @Override
  boolean isClosed() {
    return owner.isGone() || owner.closing;
  }

  @Override
  MemorySegment nowhere() {
    return home.nowhere();
  }

  @Override
  Block last() {
    return Objects.requireNonNull(block());
  }

  @Override
  boolean room(int bytes) {
    if (isClosed()) {
      return false;
    }
    Block there = block();
    if (there != null && there.room() >= bytes) {
      return true;
    }
    if (there != null && there.capacity - there.length() >= bytes) {
      compact(there);
      return true;
    }
    Block into =
        there == null
            ? home.blocks.acquire(Math.max(bytes, Blocks.MEDIUM))
            : home.blocks.acquire(Math.max(there.length() + bytes, larger(there)));
    if (into == null) {
      owner.fail(Kind.NO_MEMORY, null);
      return false;
    }
    replace(there, into);
    return true;
  }

  private static int larger(Block block) {
    return Math.max(Blocks.MEDIUM, block.capacity * 2);
  }

  private static void compact(Block block) {
    MemorySegment.copy(block.memory, block.start, block.memory, 0, block.length());
    block.end -= block.start;
    block.start = 0;
  }

  private void replace(@Nullable Block there, Block into) {
    into.start = 0;
    into.end = 0;
    if (there != null) {
      MemorySegment.copy(there.memory, there.start, into.memory, 0, there.length());
      into.end = there.length();
      home.blocks.giveReadBlock(there);
    }
    block(into);
  }

  /** The block to read from the socket into; null if there is no memory now. */
  @Nullable Block readable() {
    Block there = block();
    if (there != null && there.capacity >= Blocks.LARGE) {
      if (there.room() < WORTH_READING && there.start > 0) {
        compact(there);
      }
      if (there.room() >= WORTH_READING) {
        return there;
      }
    }
    Block into =
        there == null || there.capacity < Blocks.LARGE
            ? home.blocks.takeReadBlock()
            : home.blocks.isShort() ? null : home.blocks.acquire(larger(there));
    if (into != null) {
      replace(there, into);
    }
    return into;
  }

  /** So many bytes were taken from its beginning. */
  void take(int bytes) {
    Block block = block();
    if (block != null) {
      block.start += bytes;
    }
  }

  /** Lets another have everything that is here, behind what that has. */
  void moveTo(Inlet other) {
    Block from = own;
    if (from == null || from.length() == 0) {
      return;
    }
    if (other.length() == 0) {
      other.release();
      own = null;
      other.put += from.length();
      other.block(from);
    } else {
      other.put(from.memory, from.start, from.length());
      from.start = from.end;
    }
  }

  /** Lets go of the memory that is not needed. */
  void trim() {
    Block left = own;
    if (left == null) {
      return;
    }
    int length = left.length();
    if (length == 0) {
      release();
    } else if (length <= Blocks.SMALL && left.capacity > 2 * Blocks.SMALL) {
      Block small = home.blocks.acquire(length);
      if (small != null) {
        replace(left, small);
      }
    }
  }

  /** Gives the memory back, and what is in it is dropped. */
  void release() {
    Block left = block();
    block(null);
    if (left != null) {
      home.blocks.giveReadBlock(left);
    }
  }

  // ---- puts

  @Override
  void added(Block block, int bytes) {
    block.end += bytes;
    put += bytes;
  }

  /** To be patched before the layer's method returns: nobody holds the bytes back up here. */
  @Override
  public long hold(int bytes) {
    long held = put;
    for (int i = 0; i < bytes; i++) {
      put((byte) 0);
    }
    return held;
  }

  @Override
  public void patchIntBE(long held, int value) {
    Block block = block();
    if (block == null || isClosed()) {
      return;
    }
    long back = put - held;
    if (back < Integer.BYTES || back > block.length()) {
      throw new IllegalArgumentException("nothing is held at " + held + ": taken before?");
    }
    block.memory.set(INT_BE, block.end - back, value);
  }
}
