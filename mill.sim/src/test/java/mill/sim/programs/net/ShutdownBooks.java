package mill.sim.programs.net;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mill.core.EventLoop;
import mill.core.ShutdownReport;

/** What the report of a server's shutdown has to say. */
final class ShutdownBooks {
  private final Ledger ledger;
  private final List<Talk> all;
  private final Map<Talk, Long> queued = new HashMap<>(); // by those who were there
  private final List<EventLoop> begun = new ArrayList<>();
  private int overBefore;

  ShutdownBooks(Ledger ledger, List<Talk> all) {
    this.ledger = ledger;
    this.all = all;
  }

  /** On a loop, just before its connections are told. */
  void begin(EventLoop loop) {
    begun.add(loop);
    for (Talk talk : all) {
      if (talk.loop == loop && talk.isOver()) {
        overBefore++;
      } else if (talk.loop == loop) {
        queued.put(talk, talk.connection == null ? 0 : talk.connection.queuedBytes());
      }
    }
  }

  void verify(ShutdownReport report) {
    int ended = all.size() - overBefore; // those that came later as well
    long undelivered = 0;
    long atLeast = 0;
    for (Talk talk : all) {
      if (queued.containsKey(talk) || !begun.contains(talk.loop)) {
        undelivered += talk.cause.undeliveredBytes();
        atLeast += Math.max(queued.getOrDefault(talk, 0L), talk.cause.undeliveredBytes());
      }
    }
    if (report.ended() + report.forced() != ended
        || report.undeliveredBytes() != undelivered
        || report.queuedBytes() < atLeast
        || report.listenersClosed() != begun.size()) {
      ledger.fail(
          "%d ended, %d bytes undelivered, at least %d queued: the report is %s"
              .formatted(ended, undelivered, atLeast, report));
    }
  }
}
