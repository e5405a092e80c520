package mill.sim.kernel;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** Sends the SYN of a connect again, after 1, 3, 7 … seconds, until there is no use in it. */
final class SynTimer {
  private static final long SECOND_NS = 1_000_000_000;

  /** {@code tcp_syn_retries}, tcp(7). */
  private static final int RETRIES = 6;

  /** How long the neighbour that has an address is looked for. */
  private static final long NO_NEIGHBOUR_NS = 3 * SECOND_NS;

  private final TcpEnd end;
  private @Nullable Host to;
  private long startedNs;
  private int lost;

  SynTimer(TcpEnd end) {
    this.end = end;
  }

  void start(Host peer) {
    to = peer;
    startedNs = end.host().world().nowNs();
    end.sendSyn(peer);
  }

  void startToNobody() {
    var world = end.host().world();
    world.at(
        world.nowNs() + NO_NEIGHBOUR_NS,
        () -> {
          if (end.isConnecting()) {
            end.die(SimErrnos.EHOSTUNREACH);
          }
        });
  }

  void onLost() {
    lost++;
    end.host().world().at(retryNs(lost), this::retry);
  }

  private long retryNs(int attempt) {
    return startedNs + ((1L << attempt) - 1) * SECOND_NS;
  }

  private void retry() {
    if (!end.isUnanswered()) {
      return;
    }
    if (lost > RETRIES) {
      end.timeOut();
    } else {
      end.sendSyn(requireNonNull(to));
    }
  }

  /** The answer is on its way, but stands at a cut. */
  void onAnswerHeld() {
    end.host()
        .world()
        .at(
            retryNs(RETRIES + 1),
            () -> {
              if (end.isConnecting()) {
                end.timeOut();
              }
            });
  }
}
