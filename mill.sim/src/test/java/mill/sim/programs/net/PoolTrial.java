package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.core.net.CloseCause;
import mill.core.net.CloseCause.Kind;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.core.net.Lease;

/** Tries a connection before it is lent: that somebody has it meanwhile must not be. */
final class PoolTrial implements ConnectionHandler {
  private final PoolProgram program;
  private final Lease lease;
  private boolean opened;
  private boolean closed;

  PoolTrial(PoolProgram program, Lease lease) {
    this.program = program;
    this.lease = lease;
  }

  @Override
  public void onOpen(Connection c) {
    if (opened || closed || program.isInUse(c)) {
      program.ledger().fail("a trial of what somebody has: " + c);
    }
    opened = true;
    program.sim().sometimes("a trial");
    if (program.sim().chance(0.3)) {
      verdict();
    } else {
      c.out().put((byte) 't');
    }
  }

  private void verdict() {
    if (program.sim().chance(0.8)) {
      lease.release();
    } else {
      lease.discard();
    }
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
    if (closed) {
      program.ledger().fail("a frame after the end of a trial: " + c);
    }
    if (length == 1 && memory.get(ValueLayout.JAVA_BYTE, offset) == 't') {
      verdict();
    } else {
      lease.discard(); // it says what it was not asked
    }
  }

  @Override
  public void onClosed(Connection c, CloseCause cause) {
    if (closed || cause.opened() != opened) {
      program.ledger().fail("a trial ends again, or unopened: " + cause);
    }
    closed = true;
    if (cause.kind() == Kind.HANDED_OVER && program.isInUse(c)) {
      program.ledger().fail("a trial of what somebody has: " + c);
    }
  }
}
