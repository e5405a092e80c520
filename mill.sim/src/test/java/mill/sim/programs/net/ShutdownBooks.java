package mill.sim.programs.net;

import java.util.List;
import mill.core.ShutdownReport;

/** What the report of a server's shutdown has to say. */
final class ShutdownBooks {
  private final Ledger ledger;
  private final List<Talk> all;
  private final List<Talk> before; // those that were over when it was asked for

  ShutdownBooks(Ledger ledger, List<Talk> all) {
    this.ledger = ledger;
    this.all = all;
    before = all.stream().filter(Talk::isOver).toList();
  }

  /**
   * Looks at a report: those that ended while their loop was about to be told may be in it, those
   * that have heard of it have to be.
   */
  void verify(ShutdownReport report, int listeners) {
    List<Talk> most = all.stream().filter(one -> !before.contains(one)).toList();
    List<Talk> least = most.stream().filter(one -> one.heardShutdown).toList();
    long submitted = most.stream().mapToLong(one -> one.sent.submitted + one.sent.unsure).sum();
    boolean right =
        isBetween(report.ended() + report.forced(), least.size(), most.size())
            && isBetween(report.undeliveredBytes(), undelivered(least), undelivered(most))
            && isBetween(report.queuedBytes(), report.undeliveredBytes(), submitted)
            && report.listenersClosed() == listeners
            && (report.forced() == 0 || !report.inTime());
    if (!right) {
      ledger.fail(
          "%d to %d ended, with %d to %d bytes undelivered of %d: the report is %s"
              .formatted(
                  least.size(),
                  most.size(),
                  undelivered(least),
                  undelivered(most),
                  submitted,
                  report));
    }
  }

  private static boolean isBetween(long value, long least, long most) {
    return value >= least && value <= most;
  }

  private static long undelivered(List<Talk> of) {
    return of.stream().mapToLong(one -> one.cause.undeliveredBytes()).sum();
  }
}
