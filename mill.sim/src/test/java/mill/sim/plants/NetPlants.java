package mill.sim.plants;

import java.util.List;

/** Bugs in connections, dials, servers, relays and pools. */
final class NetPlants {
  static final String NET = "mill.core/src/main/java/mill/core/net/";

  static final List<Plant> ALL =
      List.of(
          // ---- sending
          new Plant(
              "a fall to the low mark is not told",
              NET + "WriteQueue.java",
              "if (crossed && put - sent <= low) { crossed = false; congested = false; owner.drained();",
              "if (crossed && put - sent <= low) { crossed = false; congested = false;"),
          new Plant(
              "onDrained comes inside of another callback",
              NET + "ConnectionCalls.java",
              "due |= DRAINED; resumeWaiters();",
              "call(DRAINED); resumeWaiters();"),
          new Plant(
              "what the kernel has taken is sent again",
              NET + "BlockQueue.java",
              "block.start += n;",
              ""),
          new Plant(
              "a long message overtakes what waits",
              NET + "WriteQueue.java",
              "link(home.blocks.of(message, length));",
              "Block first = home.blocks.of(message, length); first.next = head; head = first; if (tail == null) { tail = first; }"),
          new Plant(
              "what is held is sent before it is patched",
              NET + "WriteQueue.java",
              "return (holdCount > 0 && holds != null ? holds[0] : put) - sent;",
              "return put - sent;"),
          new Plant(
              "what was put before a connection stands is not sent",
              NET + "ConnectionEvents.java",
              "if (phase == Phase.NEW) { return;",
              "if (phase == Phase.TOLD) { return;"),
          new Plant(
              "a queue keeps its buffers at the end",
              NET + "BlockQueue.java",
              "tail = null; releaseFrom(first);",
              "tail = null;"),
          new Plant(
              "a message is held for ever",
              NET + "Blocks.java",
              "dropShell(block); message.release();",
              "dropShell(block);"),
          new Plant(
              "what a callback drops is more than there is",
              NET + "WriteQueue.java",
              "Math.min(put, Math.max(mark, sent))",
              "Math.max(mark, sent)"),
          // ---- reading
          new Plant(
              "a tail is not put in front of the next read",
              NET + "ReadSide.java",
              "to.end = from.length();",
              "to.end = 0;"),
          new Plant(
              "an end that came with bytes is not read",
              NET + "ReadSide.java",
              "readable = read == room || ends;",
              "readable = read == room;"),
          new Plant(
              "the end is told to who is paused",
              NET + "ReadSide.java",
              "private void tellEnd() { if (!owner.mayDeliver()) {",
              "private void tellEnd() { if (owner.isGone()) {"),
          new Plant(
              "a pause holds back the next read, and not the next frame",
              NET + "ConnectionCalls.java",
              "&& (pauses == null || pauses.isEmpty())",
              ""),
          new Plant(
              "a reason to pause is kept",
              NET + "Pauses.java",
              "one = null; return true;",
              "return true;"),
          new Plant(
              "who was congested does not read on",
              NET + "ConnectionCalls.java",
              "if (pausesWhenCongested) { readAgain(); }",
              ""),
          new Plant(
              "who waits for another's congestion waits for ever",
              NET + "ConnectionCalls.java",
              "due |= DRAINED; resumeWaiters();",
              "due |= DRAINED;"),
          new Plant(
              "a read that fails while input is discarded keeps its buffer",
              NET + "ReadSide.java",
              "block = into; // so that it is given back as well if a read fails",
              ""),
          new Plant(
              "a framer is asked for more than it has asked for",
              NET + "ReadSide.java",
              "if (there < needed) { return 0; }",
              ""),
          // ---- ends
          new Plant(
              "close() drops what is queued",
              NET + "ConnectionEnds.java",
              "pauses = null; reads.discard();",
              "pauses = null; queue.release(); reads.discard();"),
          new Plant(
              "close() does not wait for the peer's end",
              NET + "ConnectionEnds.java",
              "finSent = true; closeLayers();",
              "if (closing) { bothEnded(); return; } finSent = true; closeLayers();"),
          new Plant(
              "a frame comes after close()",
              NET + "ConnectionCalls.java",
              "&& !closing && (due & HANDOVER) == 0",
              "&& (due & HANDOVER) == 0"),
          new Plant(
              "onClosed comes again",
              NET + "ConnectionEnds.java",
              "if (isToFinish && phase == Phase.GONE && !hasCommands()) {",
              "if (isToFinish && isGone() && !hasCommands()) {"),
          new Plant(
              "onClosed does not wait for tasks that were accepted",
              NET + "ConnectionEnds.java",
              "if (isToFinish && phase == Phase.GONE && !hasCommands()) {",
              "if (isToFinish && phase == Phase.GONE) {"),
          new Plant(
              "the one before hears what comes after handler()",
              NET + "ConnectionCalls.java",
              "&& (due & HANDOVER) == 0",
              ""),
          new Plant(
              "the report of a server's shutdown forgets what is undelivered",
              NET + "ServerShutdown.java",
              "undeliveredBytes += left;",
              ""),
          new Plant(
              "the report of a server's shutdown counts one too few",
              NET + "ServerShutdown.java",
              "ended++;",
              "ended += told.isEmpty() ? 0 : 1;"),
          // ---- times
          new Plant(
              "a timer is kept when its connection has ended",
              NET + "ConnectionEnds.java",
              "times.stop();",
              ""),
          new Plant(
              "a nearer time does not move the timer",
              NET + "LookTimer.java",
              "if (timeNs >= setForNs) {",
              "if (setForNs != NEVER) {"),
          new Plant(
              "a stall is not over when the kernel takes all",
              NET + "ConnectionTimes.java",
              "watchesSending &= owner.wire().isBlocked();",
              ""),
          new Plant(
              "the time of a close never comes",
              NET + "ConnectionTimes.java",
              "owner.closeTimeIsOver();",
              ""),
          new Plant(
              "the timer of a server's shutdown is kept",
              NET + "TcpServer.java",
              "var _ = books.stage().thenRun(forcing::cancel);",
              ""),
          // ---- relays
          new Plant(
              "a relay forgets an end",
              NET + "Relay.java",
              "from.peerFirst = !from.ending; to.end();",
              "from.peerFirst = !from.ending;"),
          new Plant(
              "a relay passes an end on as a close",
              NET + "Relay.java",
              "from.peerFirst = !from.ending; to.end();",
              "from.peerFirst = !from.ending; to.close();"),
          new Plant(
              "a relay passes a reset on as an end",
              NET + "Relay.java",
              "to.reset();",
              "to.close();"),
          new Plant(
              "a relay is held up by a congestion that is over",
              NET + "SocketConnection.java",
              "waiting.get(i).resumeHere(queue);",
              ""),
          // ---- dials, and servers of several loops
          new Plant(
              "the losers of a race go on",
              NET + "Dialer.java",
              "while (!attempts.isEmpty()) { drop(attempts.getLast()); }",
              "attempts.clear();"),
          new Plant(
              "a cancel while a name is resolved does not end it",
              NET + "Dialer.java",
              "void cancel() { if (!over) {",
              "void cancel() { if (!over && question == null) {"),
          new Plant(
              "nobody wants a connection any more, and its race goes on",
              NET + "Dialer.java",
              "void cancel() { if (!over) {",
              "void cancel() { if (false) {"),
          new Plant(
              "a question that nobody waits for is not cancelled",
              NET + "Dialer.java",
              "asked.cancel(true);",
              ""),
          new Plant(
              "the delay of a race brings nothing",
              NET + "Dialer.java",
              "if (!over && next < addresses.size()) { lookAgain(); }",
              ""),
          new Plant(
              "the delay of a race is not waited for",
              NET + "Dialer.java",
              "made.rescheduleNs(config.attemptDelayNs);",
              "made.rescheduleNs(1);"),
          new Plant(
              "an address that fails does not begin the next",
              NET + "Dialer.java",
              "drop(tried); noteFailure(e); dialNext();",
              "drop(tried); noteFailure(e); if (next == addresses.size()) { dialNext(); }"),
          new Plant("the timer of a race is kept", NET + "Dialer.java", "timer.cancel();", ""),
          new Plant(
              "all that is accepted goes to one loop",
              NET + "TcpServer.java",
              "Math.floorMod(turns.getAndIncrement(), parts.size())",
              "0"),
          new Plant(
              "a loop that shuts down closes what others could accept from",
              NET + "ServerPart.java",
              "if (!ended && server.othersTakeOver(home)) { loopEnds(); }",
              ""),
          new Plant(
              "the place of an address is not given back",
              NET + "ServerPart.java",
              "server.places().leave(connection.peerAddress());",
              ""),
          new Plant(
              "a place at a server's limit is not given back",
              NET + "ServerListener.java",
              "server.places().leave();",
              ""),
          new Plant(
              "a report does not wait for what is handed on",
              NET + "TcpServer.java",
              "() -> onTheirWay.get() > 0,",
              "() -> false,"),
          new Plant(
              "room at a server's limit is told to one loop alone",
              NET + "ServerListener.java",
              "server.look(); // the one that is full may be another loop's",
              ""),
          // ---- pools
          new Plant(
              "a connection is lost that finds its waiter gone",
              NET + "PoolPart.java",
              "cancelled(first);",
              "cancelled(first); return true;"),
          new Plant(
              "waiters are served last in first out",
              NET + "PoolTarget.java",
              "if (lastWaiter == null) { firstWaiter = lease; } else { lastWaiter.next = lease; } lastWaiter = lease;",
              "if (firstWaiter == null) { lastWaiter = lease; } else { firstWaiter.previous = lease; } lease.next = firstWaiter; lease.previous = null; firstWaiter = lease;"),
          new Plant(
              "an idle connection is kept that has said something",
              NET + "IdleHandler.java",
              "part.retire(entry, entry.state == State.IDLE ? Count.EVICTED : Count.DISCARDED); c.reset();",
              ""),
          new Plant(
              "an idle connection is kept that its peer has ended",
              NET + "IdleHandler.java",
              "public void onEnd(Connection c) { PooledConnection entry = entry(c); part.retire(entry, entry.state == State.IDLE ? Count.EVICTED : Count.DISCARDED); }",
              "public void onEnd(Connection c) {}"),
          new Plant(
              "the place of a connection is not given back",
              NET + "PoolPart.java",
              "target.places--;",
              ""),
          new Plant(
              "who waits is not told of a connect that failed",
              NET + "PoolPart.java",
              "refuse(target.firstWaiter, kind, why);",
              ""),
          new Plant(
              "what comes back is lent on as it is",
              NET + "SocketConnection.java",
              "pauses.clear(); readAgain();",
              ""),
          new Plant(
              "who has given back on another thread hears what comes",
              NET + "Lease.java",
              "return now == RELEASED || now == DISCARDED;",
              "return false;"),
          new Plant(
              "who waits is looked at once only", NET + "PoolWaits.java", "lookAt(nextNs);", ""),
          new Plant(
              "the report of a drain counts twice",
              NET + "PoolDrain.java",
              "leased - forced, forced",
              "leased, forced"));

  private NetPlants() {}
}
