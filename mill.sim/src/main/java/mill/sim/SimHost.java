package mill.sim;

import static java.util.Objects.requireNonNull;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import mill.natives.platform.Platform;
import mill.sim.schedule.SimProcess;

/** A host of a {@link Simulation}: a name, addresses, a clock, and programs. */
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

  /** A program, and its life. */
  private record Launched(Program main, boolean serves, SimProcess process) {}

  private final Simulation sim;
  private final String name;
  private final int number;
  private List<Launched> launched = new ArrayList<>();

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
   * does. A host runs as many programs as are wanted, beside each other.
   *
   * @param main the program
   * @return this
   */
  public SimHost start(Program main) {
    return launch(requireNonNull(main, "main"), false);
  }

  /**
   * Runs a program that may go on for ever: it is killed as the simulation ends.
   *
   * @param main the program
   * @return this
   */
  public SimHost serve(Program main) {
    return launch(requireNonNull(main, "main"), true);
  }

  private SimHost launch(Program main, boolean serves) {
    var process = new SimProcess(name, serves);
    Platform platform = sim.network().platform(number, process);
    process.runOn(platform);
    process.onExit(() -> sim.network().exit(platform));
    launched.add(new Launched(main, serves, process));
    sim.world().newThread(process, "main", false, () -> runMain(main)).start();
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

  /** {@return whether a program of the host has a thread that has not ended} */
  public boolean isRunning() {
    return launched.stream().anyMatch(each -> sim.world().isLive(each.process));
  }

  /**
   * Kills all programs as a power cut does: no thread runs further, nothing is flushed, and no peer
   * is told before it sends again.
   */
  public void crash() {
    sim.world().trace("crash", number, 0);
    sim.network().crash(number);
    launched.forEach(each -> sim.world().kill(each.process));
  }

  /** Runs the programs that a crash has ended once more, from their beginning. */
  public void restart() {
    sim.world().trace("restart", number, 0);
    List<Launched> before = launched;
    launched = new ArrayList<>();
    for (Launched each : before) {
      if (each.process.isDead()) {
        launch(each.main, each.serves);
      } else {
        launched.add(each);
      }
    }
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
   * monotonic clock does no more. A wait that is under way ends no sooner.
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

  /** {@return how many descriptors its programs have open, those of loops too} For leaks. */
  public int openDescriptors() {
    return launched.stream()
        .filter(each -> sim.world().isLive(each.process))
        .mapToInt(each -> sim.network().openDescriptors(each.process.platform()))
        .sum();
  }

  /**
   * {@return what runs tasks on threads of the host, a new one each: for programs that want an
   * executor of their own} They end with the program that was started last.
   */
  public Executor executor() {
    return task -> {
      SimProcess process = launched.getLast().process;
      sim.world().newThread(process, name + "-task", true, task).start();
    };
  }

  /** {@return its name} */
  @Override
  public String toString() {
    return name;
  }
}
