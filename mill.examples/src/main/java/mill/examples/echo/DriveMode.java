package mill.examples.echo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mill.natives.CurrentPlatform;
import org.jspecify.annotations.Nullable;

/** The demo: a server in another process, the load in this one, and what was measured. */
final class DriveMode {
  private static final long SECOND_NS = 1_000_000_000;
  // The server's compilers are quiet when all but its loop take no more than this of a second.
  private static final long SETTLED_TICKS = CpuTime.TICKS_PER_SECOND / 50;
  private static final int MAX_SETTLING_S = 10;
  private static final long CTRL_C_WITHIN_MS = 500;

  private final Command.Drive command;
  private final PrintStream out;
  private final CountDownLatch shuttingDown = new CountDownLatch(1);

  private volatile @Nullable ServerProcess running;

  DriveMode(Command.Drive command, PrintStream out) {
    this.command = command;
    this.out = out;
  }

  void run() throws DemoFailure {
    boolean pin = command.pin() && Runtime.getRuntime().availableProcessors() >= 2;
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown));
    try (ServerProcess server = ServerProcess.start(pin ? 0 : Command.ANY_CPU)) {
      running = server;
      try (LoadGenerator load =
          new LoadGenerator(command, server.address(), pin ? 1 : Command.ANY_CPU)) {
        introduce(server, load);
        measure(server, load).print(out);
      }
    } catch (DemoFailure e) {
      throw unlessShuttingDown(e);
    } catch (IOException e) {
      throw unlessShuttingDown(DemoFailure.broken(String.valueOf(e.getMessage())));
    }
  }

  private Report measure(ServerProcess server, LoadGenerator load) throws DemoFailure {
    warmUp(server, load);

    LoadGenerator.Snapshot start = load.forgetLatencies();
    ServerCpu before = ServerCpu.of(server.pid());

    LoadGenerator.Snapshot end = start;
    for (int second = 1; second <= command.seconds(); second++) {
      end = progress(load, start, end, second, "");
    }
    ServerCpu after = ServerCpu.of(server.pid());
    return new Report(command.sizeBytes(), start, end, load.stop(), before, after);
  }

  /** Lets the compilers settle: for the time that was asked for, and until they are quiet. */
  private void warmUp(ServerProcess server, LoadGenerator load) throws DemoFailure {
    LoadGenerator.Snapshot start = load.snapshot();
    LoadGenerator.Snapshot last = start;
    ServerCpu before = ServerCpu.of(server.pid());
    boolean settled = false;
    int most = command.warmupSeconds() == 0 ? 0 : command.warmupSeconds() + MAX_SETTLING_S;
    for (int second = 1; second <= most && !settled; second++) {
      last = progress(load, start, last, second, "  warm-up");
      ServerCpu now = ServerCpu.of(server.pid());
      settled = second >= command.warmupSeconds() && besideLoop(before, now) <= SETTLED_TICKS;
      before = now;
    }
  }

  private static long besideLoop(ServerCpu before, ServerCpu now) {
    long process = now.processSince(before).map(CpuTime::totalTicks).orElse(0L);
    return process - now.loopSince(before).map(CpuTime::totalTicks).orElse(0L);
  }

  /** Waits for the end of a second, and tells what came back in it. */
  private LoadGenerator.Snapshot progress(
      LoadGenerator load,
      LoadGenerator.Snapshot start,
      LoadGenerator.Snapshot last,
      int second,
      String phase)
      throws DemoFailure {
    load.await(start.timeNs() + second * SECOND_NS - System.nanoTime());
    LoadGenerator.Snapshot now = load.snapshot();
    double rate = (now.messages() - last.messages()) * 1e9 / (now.timeNs() - last.timeNs());
    out.printf(
        Locale.ROOT,
        "%4d s  %,11.0f messages/s  %,8.1f MB/s%s%n",
        second,
        rate,
        rate * command.sizeBytes() / 1e6,
        phase);
    out.flush();
    return now;
  }

  private void introduce(ServerProcess server, LoadGenerator load) throws DemoFailure {
    out.printf(
        Locale.ROOT,
        "mill echo, %s: %,d connections x %,d bytes, %,d under way on each%n",
        CurrentPlatform.get().name(),
        command.connections(),
        command.sizeBytes(),
        command.pipeline());
    out.printf(Locale.ROOT, "server: process %d, %s%n", server.pid(), server.pinning());
    out.printf(
        Locale.ROOT, "load:   process %d, %s%n", ProcessHandle.current().pid(), load.pinning());
    out.flush();
  }

  private void shutDown() {
    shuttingDown.countDown();
    ServerProcess server = running;
    if (server != null) {
      server.close();
    }
  }

  // Ctrl-C reaches both processes, and the server may be gone before this one has heard: that is no
  // failure.
  private DemoFailure unlessShuttingDown(DemoFailure failure) {
    try {
      if (shuttingDown.await(CTRL_C_WITHIN_MS, TimeUnit.MILLISECONDS)) {
        Thread.currentThread().join(); // the virtual machine ends without us
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return failure;
  }
}
