package mill.core.net;

import mill.core.net.CloseCause.Kind;

/**
 * The times of a connection, and its one timer. What happens only notes the time; the timer looks
 * at the notes when it fires, and is set anew: a time that comes nearer moves it, one that goes
 * further away does not. The loop's thread.
 */
final class ConnectionTimes extends LookTimer {
  private final SocketConnection owner;
  private final ConnectionConfig config;

  private long connectAtNs = NEVER;
  private long deadlineNs = NEVER;
  private long readNs; // when something was read
  private long sentNs; // when the kernel took something
  private long progressNs; // the same after it had taken no more, or when the closing went on
  private boolean watchesSilence;
  private boolean watchesSending;
  private boolean watchesClosing;

  ConnectionTimes(SocketConnection owner, LoopConnections home, ConnectionConfig config) {
    super(home);
    this.owner = owner;
    this.config = config;
  }

  // ---- what happens

  void connects() {
    connectAtNs = home.nowNs() + config.connectTimeoutNs;
    lookAtIfItRuns(connectAtNs);
  }

  void stands() {
    connectAtNs = NEVER;
  }

  void opens() {
    watchesSilence = true;
    readNs = home.nowNs();
    sentNs = readNs;
    progressNs = readNs;
    lookAtIfItRuns(readNs + shorter(config.idleNs, config.readIdleNs));
  }

  // Of two times, of which one may be none.
  private static long shorter(long ns, long otherNs) {
    return ns == 0 || otherNs == 0 ? ns + otherNs : Math.min(ns, otherNs);
  }

  void hasRead() {
    if (watchesSilence) {
      readNs = home.turnNs();
    }
  }

  /** The kernel takes no more. */
  void blocks() {
    if (!watchesSending) {
      watchesSending = true;
      progressNs = home.nowNs();
      lookAtIfItRuns(progressNs + config.writeStallNs);
    }
  }

  /** The kernel has taken something. */
  void goesOn() {
    if (watchesSending || watchesClosing) {
      progressNs = home.turnNs();
      watchesSending &= !owner.wire().isEmpty();
    }
    if (watchesSilence) {
      sentNs = home.turnNs();
    }
  }

  void closes() {
    watchesClosing = true;
    progressNs = home.nowNs();
    lookAtIfItRuns(progressNs + config.closeTimeoutNs);
  }

  /** Sets the deadline, in nanoseconds from now. */
  void deadline(long fromNowNs) {
    deadlineNs = home.nowNs() + Math.min(fromNowNs, Long.MAX_VALUE >> 2);
    lookAtIfItRuns(deadlineNs);
  }

  void noDeadline() {
    deadlineNs = NEVER;
  }

  // ---- the timer

  @Override
  void look() {
    long nowNs = home.nowNs();
    if (connectAtNs <= nowNs) {
      connectAtNs = NEVER;
      owner.fail(Kind.CONNECT_TIMEOUT, null);
    }
    if (deadlineNs <= nowNs) {
      deadlineNs = NEVER;
      owner.deadlineIsOver();
    }
    long nextNs = Math.min(connectAtNs, deadlineNs);
    nextNs = Math.min(nextNs, watchesClosing ? lookAtClose(nowNs) : lookAtTransfers(nowNs));
    if (!owner.isGone()) {
      lookAtIfItRuns(nextNs);
      home.agenda.add(owner);
    }
  }

  private long lookAtClose(long nowNs) {
    long endNs = progressNs + config.closeTimeoutNs;
    if (endNs <= nowNs) {
      owner.closeTimeIsOver();
    }
    return endNs;
  }

  private long lookAtTransfers(long nowNs) {
    long nextNs = NEVER;
    watchesSending &= owner.wire().isBlocked();
    if (watchesSending) {
      nextNs = progressNs + config.writeStallNs;
      if (nextNs <= nowNs) {
        owner.fail(Kind.WRITE_STALLED, null);
        return nextNs;
      }
    }
    return watchesSilence ? Math.min(nextNs, lookAtSilence(nowNs)) : nextNs;
  }

  private long lookAtSilence(long nowNs) {
    if (!owner.mayDeliver()) {
      readNs = nowNs; // no time runs while it is paused
    }
    long nextNs = NEVER;
    if (config.idleNs != 0) {
      nextNs = Math.max(readNs, sentNs) + config.idleNs;
      if (nextNs <= nowNs) {
        owner.fail(Kind.IDLE, null);
        return NEVER; // it closes, and that has a time of its own
      }
    }
    if (config.readIdleNs != 0 && !owner.hasEnded()) {
      long sinceNs = watchesSending ? nowNs : Math.max(readNs, progressNs);
      if (sinceNs + config.readIdleNs <= nowNs) {
        owner.fail(Kind.READ_IDLE, null);
        return NEVER;
      }
      nextNs = Math.min(nextNs, sinceNs + config.readIdleNs);
    }
    return nextNs;
  }
}
