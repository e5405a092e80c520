package mill.core.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import mill.core.net.CloseCause.Kind;
import org.jspecify.annotations.Nullable;

/**
 * What has come up to a layer, or to the framer, and was not taken: bytes in one piece. The loop's
 * thread.
 */
final class Inlet implements Output {
  private static final int WORTH_READING = 4 << 10; // less room, and what is there is moved
  private static final int MAX_DIGITS = 20;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final LoopConnections home;
  private final SocketConnection owner;
  private final @Nullable ReadSide framed; // keeps the block, if this is below the framer

  private @Nullable Block own;
  private long put;
  private int reserved;

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

  /** The block with room for so many bytes behind those that are in it; null: no memory, and it fails. */
  private @Nullable Block room(int bytes) {
    if (owner.isGone() || owner.closing) {
      return null;
    }
    Block there = block();
    if (there != null && there.room() >= bytes) {
      return there;
    }
    if (there != null && there.capacity - there.length() >= bytes) {
      compact(there);
      return there;
    }
    Block into =
        there == null
            ? home.blocks.acquire(Math.max(bytes, Blocks.MEDIUM))
            : home.blocks.acquire(Math.max(there.length() + bytes, larger(there)));
    if (into == null) {
      owner.fail(Kind.NO_MEMORY, null);
      return null;
    }
    replace(there, into);
    return into;
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

  private void added(Block block, int bytes) {
    block.end += bytes;
    put += bytes;
  }

  @Override
  public Output put(byte b) {
    Block block = room(1);
    if (block != null) {
      block.memory.set(BYTE, block.end, b);
      added(block, 1);
    }
    return this;
  }

  @Override
  public Output put(byte[] bytes, int from, int length) {
    Objects.checkFromIndexSize(from, length, bytes.length);
    Block block = room(length);
    if (block != null) {
      MemorySegment.copy(bytes, from, block.memory, BYTE, block.end, length);
      added(block, length);
    }
    return this;
  }

  @Override
  public Output put(MemorySegment source, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, source.byteSize());
    Block block = room(Math.toIntExact(length));
    if (block != null) {
      MemorySegment.copy(source, offset, block.memory, block.end, length);
      added(block, (int) length);
    }
    return this;
  }

  @Override
  public Output putAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      put(c < 0x80 ? (byte) c : (byte) '?');
    }
    return this;
  }

  @Override
  public Output putDecimal(long value) {
    return room(MAX_DIGITS) == null ? this : putAscii(Long.toString(value));
  }

  @Override
  public Output putIntBE(int value) {
    Block block = room(Integer.BYTES);
    if (block != null) {
      block.memory.set(INT_BE, block.end, value);
      added(block, Integer.BYTES);
    }
    return this;
  }

  @Override
  public MemorySegment reserve(int bytes) {
    if (bytes < 1 || bytes > Blocks.LARGE) {
      throw new IllegalArgumentException(
          "reserve 1 to " + Blocks.LARGE + " bytes at a time, not " + bytes);
    }
    reserved = bytes;
    Block block = room(bytes);
    return block == null ? home.nowhere() : block.memory;
  }

  @Override
  public long position() {
    Block block = block();
    return block == null || owner.isGone() || owner.closing ? 0 : block.end;
  }

  @Override
  public void advance(int bytes) {
    if (bytes < 0 || bytes > reserved) {
      throw new IllegalArgumentException(
          "at most the " + reserved + " reserved bytes can be put, not " + bytes);
    }
    reserved = 0;
    Block block = owner.isGone() || owner.closing ? null : block();
    if (block != null) {
      added(block, bytes);
    }
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
    if (block == null || owner.isGone() || owner.closing) {
      return;
    }
    long back = put - held;
    if (back < Integer.BYTES || back > block.length()) {
      throw new IllegalArgumentException("nothing is held at " + held + ": taken before?");
    }
    block.memory.set(INT_BE, block.end - back, value);
  }
}
