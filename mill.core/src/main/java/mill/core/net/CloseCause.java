package mill.core.net;

import org.jspecify.annotations.Nullable;

/** What ended a {@link Connection}: the cause that came first. Immutable, any thread. */
public final class CloseCause {
  /** The kinds of causes. */
  public enum Kind {
    /**
     * {@link Connection#close}, {@link Connection#reset}, or both ends have ended, this one first.
     */
    LOCAL,
    /** The peer has ended, at the end of a frame, and then this end. */
    PEER_END,
    /** The peer has reset the connection, or the network has given it up. */
    PEER_RESET,
    /** The peer has ended in the middle of a frame. */
    TRUNCATED,
    /** The name of the target was resolved to nothing. */
    NOT_RESOLVED,
    /** Nobody listens at the target. */
    REFUSED,
    /** There is no way to the target, or the system does not let it be taken. */
    UNREACHABLE,
    /** The connection did not stand within {@link ConnectionConfig#connectTimeout}. */
    CONNECT_TIMEOUT,
    /** A layer between socket and handler has failed. */
    LAYER,
    /** Nothing has moved in either direction for {@link ConnectionConfig#idle}. */
    IDLE,
    /** Nothing was read for {@link ConnectionConfig#readIdle}. */
    READ_IDLE,
    /** The system took none of the queued bytes for {@link ConnectionConfig#writeStall}. */
    WRITE_STALLED,
    /** A frame was longer than {@link ConnectionConfig#maxFrame}. */
    FRAME_TOO_LONG,
    /** The framer found no frame in what arrived. */
    MALFORMED,
    /** A write has found more queued than {@link ConnectionConfig#queueLimit}. */
    OVERFLOW,
    /** The buffers of the loop were used up. */
    NO_MEMORY,
    /** The loop, the server or the pool has shut down, or was closed. */
    SHUTDOWN,
    /** A callback has thrown. */
    HANDLER_THREW,
    /** Another handler has taken over; the connection goes on. */
    HANDED_OVER,
    /** No connection of the pool was to be had in time. */
    LEASE_TIMEOUT,
    /** As many already wait for a connection of the pool as may. */
    POOL_EXHAUSTED
  }

  private static final CloseCause HANDED_OVER = new CloseCause(Kind.HANDED_OVER, true, null, 0);
  private static final CloseCause HANDED_ON = new CloseCause(Kind.HANDED_OVER, false, null, 0);

  private final Kind kind;
  private final boolean opened;
  private final @Nullable Throwable error;
  private final long undeliveredBytes;

  CloseCause(Kind kind, boolean opened, @Nullable Throwable error, long undeliveredBytes) {
    this.kind = kind;
    this.opened = opened;
    this.error = error;
    this.undeliveredBytes = undeliveredBytes;
  }

  static CloseCause handedOver(boolean opened) {
    return opened ? HANDED_OVER : HANDED_ON;
  }

  /** {@return the kind} */
  public Kind kind() {
    return kind;
  }

  /**
   * {@return whether the handler's {@link ConnectionHandler#onOpen} had come: false is "could not
   * connect", whatever the kind}
   */
  public boolean opened() {
    return opened;
  }

  /** {@return the exception that tells more, or null if there is none} */
  @SuppressWarnings("exports") // see module-info
  public @Nullable Throwable error() {
    return error;
  }

  /**
   * {@return how many bytes that were queued the system has not taken} What it has taken may still
   * not have reached the peer.
   */
  public long undeliveredBytes() {
    return undeliveredBytes;
  }

  /** {@return kind, whether it was open, the error and what was not delivered} */
  @Override
  public String toString() {
    return "CloseCause[%s%s%s%s]"
        .formatted(
            kind,
            opened ? "" : ", never opened",
            error == null ? "" : ", " + error,
            undeliveredBytes == 0 ? "" : ", " + undeliveredBytes + " bytes undelivered");
  }
}
