package mill.sim.kernel;

/**
 * Asks a silent peer whether it is still there ({@code SO_KEEPALIVE}, {@code tcp(7)}), and gives it
 * up when it does not answer.
 */
final class KeepAlive {
  private static final long SECOND_NS = 1_000_000_000;

  private final TcpEnd end;
  private final SocketOptions options;
  private long heardNs;
  private int unanswered;
  private int run; // a look of an earlier one is void

  KeepAlive(TcpEnd end, SocketOptions options) {
    this.end = end;
    this.options = options;
  }

  /** Begins, or begins anew with other times, if it is asked for and the connection stands. */
  void start() {
    run++;
    if (mayRun()) {
      heardNs = now();
      next(heardNs + idleNs());
    }
  }

  /** Something has come from the peer. */
  void heard() {
    heardNs = now();
    unanswered = 0;
  }

  private boolean mayRun() {
    return options.isSet(SimOption.SO_KEEPALIVE) && end.isSynchronized();
  }

  private void next(long atNs) {
    int current = run;
    end.host().world().at(atNs, () -> look(current));
  }

  private void look(int of) {
    if (of != run || !mayRun()) {
      return;
    }
    if (now() - heardNs < idleNs()) {
      next(heardNs + idleNs());
    } else if (unanswered >= options.get(SimOption.TCP_KEEPCNT)) {
      end.timeOut();
    } else {
      unanswered++;
      end.send(TcpSegment.Kind.PROBE);
      next(now() + options.get(SimOption.TCP_KEEPINTVL) * SECOND_NS);
    }
  }

  private long idleNs() {
    return options.get(SimOption.TCP_KEEPIDLE) * SECOND_NS;
  }

  private long now() {
    return end.host().world().nowNs();
  }
}
