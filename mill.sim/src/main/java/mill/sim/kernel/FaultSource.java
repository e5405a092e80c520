package mill.sim.kernel;

import mill.sim.fault.FaultKind;

/**
 * Decides what goes wrong. The kernels ask where something could, and tell what has.
 *
 * <p>A host is known by its number. Each method says by default that all goes well.
 */
public interface FaultSource {
  /** Nothing goes wrong. */
  FaultSource NONE = new FaultSource() {};

  /**
   * Hears that something went wrong: each decision that made a difference, once.
   *
   * @param kind what
   */
  default void happened(FaultKind kind) {}

  /**
   * {@return the error number that a call is to fail with, or 0} Asked once for every call, before
   * anything else.
   *
   * @param host the host
   * @param call the call
   */
  default int failure(int host, Call call) {
    return 0;
  }

  /**
   * {@return how many bytes a transfer on a stream may move, 1 to {@code length}}
   *
   * @param host the host
   * @param call the call
   * @param length how many were asked for, at least 2
   */
  default long transferLength(int host, Call call, long length) {
    return length;
  }

  /**
   * {@return whether a call says {@code EAGAIN} though it could be done}
   *
   * @param host the host
   * @param call a transfer, or {@link Call#ACCEPT}
   */
  default boolean wouldBlock(int host, Call call) {
    return false;
  }

  /**
   * {@return whether a call says {@code EINTR}, and a poll returns nothing}
   *
   * @param host the host
   * @param call a transfer, {@link Call#CONNECT}, {@link Call#ACCEPT} or {@link Call#EPOLL_WAIT}
   */
  default boolean interrupted(int host, Call call) {
    return false;
  }

  /**
   * {@return whether a poll returns nothing, before its time}
   *
   * @param host the host
   */
  default boolean emptyPoll(int host) {
    return false;
  }

  /**
   * {@return whether what is ready is reported in a drawn order}
   *
   * @param host the host
   */
  default boolean shuffledBatch(int host) {
    return false;
  }

  /**
   * {@return how long the turn before a poll has taken, in nanoseconds}
   *
   * @param host the host
   */
  default long slowTurnNs(int host) {
    return 0;
  }

  /**
   * {@return the error number that an accept fails with though a connection waits, or 0} {@code
   * ECONNABORTED} takes the connection away, another leaves it waiting.
   *
   * @param host the host
   */
  default int acceptError(int host) {
    return 0;
  }

  /**
   * {@return what becomes of a connect that somebody would accept}
   *
   * @param from the host that connects
   * @param to the other
   */
  default Fate atConnect(int from, int to) {
    return Fate.NONE;
  }

  /**
   * {@return what becomes of a connection that begins to wait to be accepted}
   *
   * @param from the host that connected
   * @param to the other
   */
  default Fate inBacklog(int from, int to) {
    return Fate.NONE;
  }

  /**
   * {@return what becomes of a connection as bytes arrive; they are lost unless it is nothing}
   *
   * @param from the host that sent them
   * @param to the other
   */
  default Fate midStream(int from, int to) {
    return Fate.NONE;
  }

  /**
   * {@return what becomes of a connection that is closed in good order; {@link Fate#RESET} loses
   * what is on its way}
   *
   * @param from the host that closes
   * @param to the other
   */
  default Fate atClose(int from, int to) {
    return Fate.NONE;
  }

  /**
   * {@return how much longer a segment takes, in nanoseconds} What follows on the same connection
   * waits for it.
   *
   * @param from the host that sent it
   * @param to the other, or the same
   */
  default long delayNs(int from, int to) {
    return 0;
  }

  /**
   * {@return whether a datagram is lost}
   *
   * @param from the host that sent it
   * @param to the other, or the same
   */
  default boolean datagramLost(int from, int to) {
    return false;
  }

  /**
   * {@return whether a datagram arrives twice}
   *
   * @param from the host that sent it
   * @param to the other, or the same
   */
  default boolean datagramDuplicated(int from, int to) {
    return false;
  }

  /**
   * {@return how much longer a datagram takes, in nanoseconds, so that others overtake it}
   *
   * @param from the host that sent it
   * @param to the other, or the same
   */
  default long datagramDelayNs(int from, int to) {
    return 0;
  }
}
