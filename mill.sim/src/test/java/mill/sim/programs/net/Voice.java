package mill.sim.programs.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;

/** A handler of one connection for some time, which knows what it was promised. */
final class Voice implements ConnectionHandler {
  private final Talk talk;
  private boolean opened;
  private boolean closed;
  private long submittedBefore; // this callback

  Voice(Talk talk) {
    this.talk = talk;
  }

  private interface Body {
    void run() throws IOException;
  }

  private void call(String what, Connection of, Body body) throws IOException {
    enter(what, of);
    submittedBefore = talk.sent.submitted;
    try {
      body.run();
      if (talk.acts.throwsNow()) {
        talk.threw = true;
        talk.closedHere = true;
        talk.sent.unsure += talk.sent.submitted - submittedBefore;
        talk.sent.submitted = submittedBefore;
        Ledger.throwOnPurpose();
      }
    } finally {
      talk.ledger.leave(talk.loop);
    }
  }

  @SuppressWarnings("ReferenceEquality") // the very same
  private void enter(String what, Connection of) {
    talk.ledger.enter(talk.loop, what + " of " + talk);
    if (talk.connection == null) {
      talk.connection = of;
    }
    boolean isEnd = what.equals("onClosed");
    if (closed || talk.isOver()) {
      talk.ledger.fail(what + " after onClosed of " + talk);
    }
    if (talk.voice != this || of != talk.connection) {
      talk.ledger.fail(what + " of another handler or connection: " + of + ", " + talk);
    }
    if (!isEnd && what.equals("onOpen") == opened) {
      talk.ledger.fail(what + (opened ? " again" : " before onOpen") + " of " + talk);
    }
    if (!isEnd && (talk.closedHere || talk.isMalformed)) {
      talk.ledger.fail(what + " after close() of " + talk);
    }
    talk.sample();
  }

  @Override
  public void onOpen(Connection c) throws IOException {
    call(
        "onOpen",
        c,
        () -> {
          opened = true;
          if (talk.kernel == null) {
            talk.stands();
          }
          talk.acts.framer(0.5);
          talk.acts.some(4);
        });
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length)
      throws IOException {
    call(
        "onFrame",
        c,
        () -> {
          requireReading("a frame");
          if (talk.cutter != null) {
            talk.cutter.check(memory, offset, length);
          }
          talk.received.take(memory, offset, length);
          talk.acts.some(talk.sim.chance(0.3) ? 2 : 0);
        });
  }

  private void requireReading(String what) {
    if (!talk.pauses.isEmpty()) {
      talk.ledger.fail(what + " while it is paused: " + talk);
    }
    if (talk.isServer && !talk.hasVisitors && talk.connection.isCongested()) {
      talk.ledger.fail(what + " while it is congested: " + talk);
    }
  }

  @Override
  public void onEnd(Connection c) throws IOException {
    call(
        "onEnd",
        c,
        () -> {
          requireReading("the end");
          if (talk.received.ended) {
            talk.ledger.fail("onEnd again of " + talk);
          }
          talk.received.ended = true;
          talk.acts.atEnd();
        });
  }

  @Override
  public void onDrained(Connection c) throws IOException {
    call(
        "onDrained",
        c,
        () -> {
          if (!talk.mayDrain && !talk.hasVisitors) {
            talk.ledger.fail("onDrained, and it was not congested: " + talk);
          }
          talk.mayDrain = talk.mayDrain && c.isCongested(); // crossed again meanwhile
          talk.owesDrained = false;
          talk.refusedAt = null;
          talk.sim.sometimes("drained");
          if (talk.finishing) {
            talk.acts.finish();
          } else {
            talk.acts.some(4);
          }
        });
  }

  @Override
  public void onDeadline(Connection c) throws IOException {
    call(
        "onDeadline",
        c,
        () -> {
          if (talk.deadline == null || talk.sim.now().compareTo(talk.deadline) < 0) {
            talk.ledger.fail("onDeadline, and it was to come at " + talk.deadline + ": " + talk);
          }
          talk.deadline = null;
          talk.sim.sometimes("deadline");
          talk.acts.some(3);
        });
  }

  @Override
  public void onShutdown(Connection c) throws IOException {
    call(
        "onShutdown",
        c,
        () -> {
          if (talk.heardShutdown || !talk.ledger.isEnding(talk.loop)) {
            talk.ledger.fail("onShutdown again, or without one: " + talk);
          }
          talk.heardShutdown = true;
          talk.acts.atShutdown();
        });
  }

  @Override
  public void onClosed(Connection c, CloseCause cause) {
    enter("onClosed", c);
    closed = true;
    if (cause.opened() != opened) {
      talk.ledger.fail("opened is wrong: " + cause + " of " + talk);
    }
    if (cause.kind() == Kind.HANDED_OVER) {
      talk.voice = talk.nextVoices.poll();
      if (talk.voice == null) {
        talk.ledger.fail("nobody takes over: " + talk);
      }
      talk.sim.sometimes("handed over");
    } else {
      talk.closed(cause);
    }
    talk.ledger.leave(talk.loop);
    if (talk.sim.chance(0.02)) {
      Ledger.throwOnPurpose();
    }
  }
}
