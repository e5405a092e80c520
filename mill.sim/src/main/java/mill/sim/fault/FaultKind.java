package mill.sim.fault;

/** What can go wrong, and is counted when it has. */
public enum FaultKind {
  /** A read brought less than was there. */
  SHORT_READ,
  /** A write took less than there was room for. */
  SHORT_WRITE,
  /** A call said {@code EAGAIN} though it could have been done. */
  WOULD_BLOCK,
  /** A call said {@code EINTR}. */
  INTERRUPTED,
  /** A poll returned nothing, before its time. */
  EMPTY_POLL,
  /** The events of a poll came in another order than they happened in. */
  SHUFFLED_BATCH,
  /** Time passed before a poll. */
  SLOW_TURN,
  /** A connect was refused though somebody listens. */
  CONNECT_REFUSED,
  /** A connection was reset as soon as it stood. */
  CONNECT_RESET,
  /** A connection ended as soon as it stood. */
  CONNECT_ENDED,
  /** A connection was reset while it waited to be accepted. */
  BACKLOG_RESET,
  /** A connection ended while it waited to be accepted. */
  BACKLOG_ENDED,
  /** A connection was reset amid its bytes. */
  STREAM_RESET,
  /** A connection ended amid its bytes. */
  STREAM_ENDED,
  /** A close reset the connection, and lost what was on its way. */
  CLOSE_RESET,
  /** A segment or datagram took longer than others. */
  DELAYED,
  /** A segment waited at a cut. */
  HELD,
  /** A connection or a connect was given up after a long silence. */
  TIMED_OUT,
  /** A datagram was lost. */
  DATAGRAM_LOST,
  /** A datagram arrived twice. */
  DATAGRAM_DUPLICATED,
  /** A datagram was overtaken. */
  DATAGRAM_REORDERED,
  /** A call failed because it was told to. */
  CALL_FAILED,
  /** A connection was lost in accept, or the system had no descriptor for it. */
  ACCEPT_FAILED,
  /** A host had no descriptor left. */
  DESCRIPTORS_EXHAUSTED
}
