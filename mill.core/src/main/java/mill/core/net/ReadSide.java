package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
import org.jspecify.annotations.Nullable;

/**
 * What a connection reads: from the kernel into a block, frame by frame to the handler, and what is
 * left over. The loop's thread.
 *
 * <pre>
 *   edge ─▶ readable ─┬─▶ pass: read, frames, read, frames ... ─▶ the kernel is empty
 *     owed, resumed ──┘      │ paused, quota, no memory
 *                            └─▶ owes a further read
 *
 *   unread:  none, or a small block of its own, or the very block that it was read into
 * </pre>
 *
 * <p>The registration is edge-triggered: whoever stops before the kernel is empty hears of it no
 * more, so it is this that remembers {@code readable}. A short read has emptied it, unless the peer
 * has ended: then the end has to be read as well, and no edge will say so.
 */
final class ReadSide {
  private static final int READS_PER_PASS = 4;
  private static final int WORTH_READING = 4 << 10; // less room, and what is there is moved

  private final LoopConnections home;
  private final SocketConnection owner;
  private final int maxFrame;

  private Framer framer;
  private @Nullable ReadTaker taker;
  private @Nullable Block block; // with what no frame has taken, or being read into
  private int seen; // how much of it the framer has seen, and found incomplete
  private int needed; // how much there must be before it is asked again
  private boolean readable;
  private boolean ends; // the kernel says that the end is there
  private boolean ended; // it was read
  private boolean told; // and the handler knows
  private boolean discards;

  ReadSide(LoopConnections home, SocketConnection owner, ConnectionConfig config) {
    this.home = home;
    this.owner = owner;
    maxFrame = config.maxFrame;
    framer = config.framer;
  }

  void framer(Framer next) {
    framer = next;
    forgetSeen();
  }

  void taker(@Nullable ReadTaker next) {
    taker = next;
  }

  @Nullable ReadTaker taker() {
    return taker;
  }

  private void forgetSeen() {
    seen = 0;
    needed = 0;
  }

  /** Whether bytes were read that nobody has taken. */
  boolean hasUnread() {
    return block != null && block.length() > 0;
  }

  /** Whether a pass would find something to do, as far as is known. */
  boolean isPending() {
    return readable || hasUnread() || (ended && !told);
  }

  /** Whether the end of the stream was read. */
  boolean hasEnded() {
    return ended;
  }

  /** Whether the end was read, and the handler has heard of it or wants to hear nothing more. */
  boolean isOver() {
    return ended && (told || discards);
  }

  /** The kernel has something: bytes, the end, an error. */
  void ready(boolean end) {
    readable = true;
    ends |= end;
  }

  /** From now on what comes is thrown away. */
  void discard() {
    discards = true;
  }

  // ---- below layers: they read, and put what they have decoded behind what is unread

  boolean isReadable() {
    return readable;
  }

  boolean ends() {
    return ends;
  }

  /** What the kernel has: known to layers that begin or go. */
  void readiness(boolean isReadable, boolean hasEnd, boolean isEnded) {
    readable = isReadable;
    ends = hasEnd;
    ended = isEnded;
  }

  @Nullable Block unread() {
    return block;
  }

  void unread(@Nullable Block next) {
    block = next;
  }

  /** Delivers what was decoded. */
  void deliverDecoded() {
    deliver();
  }

  /** Nothing more will be decoded. */
  void endDecoded() {
    ended = true;
  }

  /** What has to be done at the end of a pass. */
  void settleDecoded() {
    if (discards && block != null) {
      block.start = block.end;
    }
    keepUnread();
    if (ended && !told) {
      tellEnd();
    }
  }

  // ---- a pass

  /**
   * Reads and delivers until the kernel is empty, the connection is paused, or others have to have
   * their turn.
   *
   * @throws IOException if the connection has failed
   */
  void pass(StreamSocket socket) throws IOException {
    if (discards) {
      discardPass(socket);
      return;
    }
    int reads = 0;
    deliver();
    while (readable && !ended && owner.mayDeliver()) {
      if (reads++ == READS_PER_PASS) {
        home.agenda.owes(owner);
        break;
      }
      Block into = roomy();
      if (into == null) {
        break;
      }
      read(socket, into);
      deliver();
    }
    if (discards && block != null) {
      block.start = block.end; // closed meanwhile: what was read is of no use
    }
    keepUnread();
    if (ended && !told) {
      tellEnd();
    }
    if (discards && readable) {
      home.agenda.owes(owner);
    }
  }

  private void read(StreamSocket socket, Block into) throws IOException {
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
  }

  private void discardPass(StreamSocket socket) throws IOException {
    release(block);
    block = null;
    if (!readable || ended) {
      return;
    }
    Block into = home.blocks.takeReadBlock();
    block = into; // so that it is given back as well if a read fails
    for (int i = 0; into != null && readable && !ended; i++) {
      if (i == READS_PER_PASS) {
        home.agenda.owes(owner);
        break;
      }
      into.start = 0;
      into.end = 0;
      read(socket, into);
    }
    if (into == null) {
      home.agenda.hungers(owner);
    }
    block = null;
    release(into);
  }

  // ---- room

  /** The block to read into, behind what is unread; null if there is no memory. */
  private @Nullable Block roomy() {
    Block into = block;
    if (into == null) {
      into = home.blocks.takeReadBlock();
    } else if (into.capacity < Blocks.LARGE) {
      into = moved(into, home.blocks.takeReadBlock());
    } else if (Math.max(needed, into.length() + 1) > into.capacity) {
      into = grown(into);
    } else if (into.start > 0
        && (into.room() < WORTH_READING || needed > into.capacity - into.start)) {
      MemorySegment.copy(into.memory, into.start, into.memory, 0, into.length());
      into.end -= into.start;
      into.start = 0;
    }
    if (into == null) {
      home.agenda.hungers(owner);
      return null;
    }
    block = into;
    return into;
  }

  private @Nullable Block moved(Block from, @Nullable Block to) {
    if (to == null) {
      return null;
    }
    MemorySegment.copy(from.memory, from.start, to.memory, 0, from.length());
    to.start = 0;
    to.end = from.length();
    home.blocks.giveReadBlock(from);
    return to;
  }

  // A frame that is longer than a block: as long as it says, or twice what there is.
  private @Nullable Block grown(Block from) {
    long bytes = Math.min(maxFrame, Math.max(needed, 2L * from.capacity));
    if (!home.blocks.canEverHold(bytes)) {
      owner.fail(Kind.NO_MEMORY, null);
      return null;
    }
    return moved(from, home.blocks.isShort() ? null : home.blocks.acquire((int) bytes));
  }

  /** Lets go of the loop's buffer, unless a large part of it is still unread. */
  private void keepUnread() {
    Block left = block;
    if (left == null) {
      return;
    }
    int length = left.length();
    if (length == 0) {
      block = null;
      home.blocks.giveReadBlock(left);
    } else if (length <= Blocks.SMALL && left.capacity >= Blocks.LARGE) {
      Block small = home.blocks.acquire(length);
      if (small != null) {
        MemorySegment.copy(left.memory, left.start, small.memory, 0, length);
        small.start = 0;
        small.end = length;
        block = small;
        home.blocks.giveReadBlock(left);
      }
    }
  }

  // ---- frames

  /** Gives frame after frame, until there is none or the connection is paused. */
  private void deliver() {
    Block from = block;
    if (from == null || from.length() == 0) {
      return;
    }
    ReadTaker reader = taker;
    if (reader != null) {
      giveTo(reader, from);
      return;
    }
    while (from.length() > 0 && owner.mayDeliver()) {
      int length = frameLength(from);
      if (length <= 0) {
        return;
      }
      int at = from.start;
      from.start += length;
      seen = 0;
      needed = 0;
      owner.frame(from.memory, at, length);
      if (taker != null) {
        deliver();
        return;
      }
    }
  }

  private void giveTo(ReadTaker reader, Block from) {
    if (!owner.mayDeliver()) {
      return;
    }
    block = null;
    forgetSeen();
    if (!reader.take(owner, from)) {
      from.start = from.end;
      block = from;
    }
  }

  /** How long the next frame is; 0 if it is not there yet, or the connection has failed. */
  private int frameLength(Block from) {
    int there = from.length();
    if (there < needed) {
      return 0;
    }
    int shown = Math.min(there, maxFrame);
    long length;
    try {
      length =
          framer.frame(
              from.memory, from.start, from.start + (long) seen, from.start + (long) shown);
    } catch (Throwable thrown) {
      owner.threw(thrown, owner.queue.mark());
      return 0;
    }
    if (length > 0 && length <= shown) {
      return (int) length;
    }
    if (length == Framer.MALFORMED) {
      owner.fail(Kind.MALFORMED, null);
      return 0;
    }
    long wanted = Math.max(Math.abs(length), (long) shown + 1);
    if (wanted > maxFrame) {
      owner.fail(Kind.FRAME_TOO_LONG, null);
      return 0;
    }
    seen = shown;
    needed = (int) wanted;
    return 0;
  }

  // ---- the end

  // After the last frame: a pause may stand between the two.
  private void tellEnd() {
    if (!owner.mayDeliver()) {
      return;
    }
    if (hasUnread() && taker == null) {
      told = true;
      owner.fail(Kind.TRUNCATED, null);
      return;
    }
    told = true;
    ReadTaker reader = taker;
    if (reader != null) {
      reader.end(owner);
    } else {
      owner.peerEnded();
    }
  }

  /** Gives the memory back. */
  void release() {
    Block left = block;
    block = null;
    readable = false;
    release(left);
  }

  private void release(@Nullable Block left) {
    if (left != null) {
      home.blocks.giveReadBlock(left);
    }
  }
}
