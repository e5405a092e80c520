package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionHandler;
import mill.sim.Simulation;

/** The servers that a pool's connections go to: they echo, and now and then do something else. */
final class PoolServers {
  private final Simulation sim;
  private final Set<SocketAddress> silent = new HashSet<>(); // the clients' addresses
  private int fit;

  PoolServers(Simulation sim) {
    this.sim = sim;
  }

  ConnectionHandler next() {
    fit++;
    return new Echo();
  }

  /** How many connections there are that nothing has gone wrong with. */
  int fit() {
    return fit;
  }

  /** Whether a client is never answered, or cannot know. */
  boolean isSilent(SocketAddress client) {
    return silent.contains(client);
  }

  private final class Echo implements ConnectionHandler {
    private boolean spoilt;

    @Override
    public void onOpen(Connection c) {
      if (sim.now().compareTo(PoolProgram.CALM) >= 0) {
        return;
      }
      if (sim.chance(0.1)) {
        later(c, () -> c.out().put((byte) '!')); // a stray byte
      }
      if (sim.chance(0.1)) {
        later(c, c::end);
      }
      if (sim.chance(0.05)) {
        later(c, c::reset);
      }
      if (sim.chance(0.05)) {
        silent.add(c.remoteAddress());
      }
    }

    private void later(Connection c, Runnable what) {
      c.loop()
          .schedule(
              Duration.ofNanos(sim.between(0, 40_000_000)),
              () -> {
                if (c.isOpen()) {
                  spoil();
                  what.run();
                }
              });
    }

    private void spoil() {
      if (!spoilt) {
        spoilt = true;
        fit--;
      }
    }

    @Override
    public void onClosed(Connection c, CloseCause cause) {
      silent.remove(c.remoteAddress());
      spoil();
    }

    @Override
    public void onFrame(Connection c, MemorySegment memory, long offset, long length) {
      if (!isSilent(c.remoteAddress())) {
        c.out().put(memory, offset, length);
      }
      if (length > 0 && memory.get(ValueLayout.JAVA_BYTE, offset) == PoolUser.LAST) {
        spoil();
        c.close();
      }
    }
  }
}
