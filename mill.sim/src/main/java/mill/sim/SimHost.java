package mill.sim;

import static java.util.Objects.requireNonNull;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executor;
import mill.sim.kernel.SimPlatform;
import mill.sim.schedule.SimProcess;
import org.jspecify.annotations.Nullable;

/** A host of a {@link Simulation}: a name, addresses, a clock, and one program at a time. */
public final class SimHost {
  /** A program, as {@code main} would run it. */
  @FunctionalInterface
  public interface Program {
    /**
     * Runs.
     *
     * @throws Exception fails the simulation
     */
    void run() throws Exception;
  }

  private final Simulation sim;
  private final String name;
  private final int number;
  private @Nullable Program program;
  private boolean serves;
  private @Nullable SimProcess process;
  private @Nullable SimPlatform platform;

  SimHost(Simulation sim, String name) {
    this.sim = sim;
    this.name = name;
    number = sim.network().addHost(name);
  }

  int number() {
    return number;
  }

  /** {@return its name} */
  public String name() {
    return name;
  }

  /**
   * Runs a program that has to end, with all threads that are not daemons, before the simulation
   * does.
   *
   * @param main the program
   * @return this
   * @throws IllegalStateException if one runs
   */
  public SimHost start(Program main) {
    return launch(requireNonNull(main, "main"), false);
  }

  /**
   * Runs a program that may go on for ever: it is killed as the simulation ends.
   *
   * @param main the program
   * @return this
   * @throws IllegalStateException if one runs
   */
  public SimHost serve(Program main) {
    return launch(requireNonNull(main, "main"), true);
  }

  private SimHost launch(Program main, boolean background) {
    if (process != null && !process.isDead()) {
      throw new IllegalStateException("host " + name + " runs a program already");
    }
    program = main;
    serves = background;
    var started = new SimProcess(name, background);
    platform = sim.network().platform(number, started);
    started.runOn(platform);
    process = started;
    sim.world().newThread(started, "main", false, () -> runMain(main)).start();
    return this;
  }

  private void runMain(Program main) {
    try {
      main.run();
    } catch (Exception e) {
      sim.fail(e);
    }
  }

  /**
   * {@return where a port of this host is, as seen from all hosts}
   *
   * @param port the port
   */
  public InetSocketAddress address(int port) {
    return new InetSocketAddress(address(), port);
  }

  /** {@return its IPv4 address} */
  public InetAddress address() {
    return sim.network().address(number);
  }

  /**
   * Kills the program as a power cut does: no thread runs further, nothing is flushed, no peer is told
   * before it sends again. Takes effect before any other thread has its turn.
   *
   * @throws IllegalStateException if none was started
   */
  public void crash() {
    SimProcess running = requireNonNullState(process);
    sim.world().trace("crash", number, 0);
    sim.network().crash(number);
    sim.world().kill(running);
  }

  /**
   * Runs the program once more, after a crash.
   *
   * @throws IllegalStateException if none was started, or it has not crashed
   */
  public void restart() {
    launch(requireNonNullState(program), serves);
  }

  private <T> T requireNonNullState(@Nullable T started) {
    if (started == null) {
      throw new IllegalStateException("host " + name + " was never started");
    }
    return started;
  }

  /**
   * Lets the host's clock go faster or slower from now on.
   *
   * @param ppm by how many millionths; negative is slower
   */
  public void skewClock(long ppm) {
    sim.network().clock(number).skew(sim.world().nowNs(), ppm);
  }

  /**
   * Lets the host's clock jump. Back it stands still instead, until the time has come again: a
   * monotonic clock does no more.
   *
   * @param by how far
   */
  public void jumpClock(Duration by) {
    sim.network().clock(number).jump(sim.world().nowNs(), by.toNanos());
  }

  /**
   * Limits how many descriptors the host's programs may have open: {@code EMFILE} beyond.
   *
   * @param most how many
   */
  public void descriptors(int most) {
    sim.network().descriptors(number, most);
  }

  /**
   * {@return what runs tasks on threads of the host, a new one each: for programs that want an
   * executor of their own}
   */
  public Executor executor() {
    return task -> {
      SimProcess running = requireNonNullState(process);
      sim.world().newThread(running, name + "-task", true, task).start();
    };
  }

  /** {@return its name} */
  @Override
  public String toString() {
    return name;
  }
}
