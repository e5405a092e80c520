package mill.sim;

import java.util.List;
import mill.sim.fault.FaultKind;

/** What has happened to a simulation so far, for programs that have to know whose fault it was. */
public final class Happenings {
  /** What ends a connection, and neither end has asked for it. */
  private static final List<FaultKind> ENDS =
      List.of(
          FaultKind.CONNECT_RESET,
          FaultKind.CONNECT_ENDED,
          FaultKind.BACKLOG_RESET,
          FaultKind.BACKLOG_ENDED,
          FaultKind.STREAM_RESET,
          FaultKind.STREAM_ENDED,
          FaultKind.CLOSE_RESET,
          FaultKind.TIMED_OUT);

  private Happenings() {}

  /** {@return whether the network has ended no connection yet} */
  public static boolean networkIsInnocent(Simulation sim) {
    return ENDS.stream().noneMatch(kind -> sim.happened().containsKey(kind.name()));
  }

  /** {@return whether a kind of fault has come yet} */
  public static boolean has(Simulation sim, FaultKind kind) {
    return sim.happened().containsKey(kind.name());
  }
}
