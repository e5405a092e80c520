package mill.sim;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import mill.sim.kernel.Network;
import mill.sim.schedule.SplitMix64;
import mill.sim.schedule.World;
import org.jspecify.annotations.Nullable;

/**
 * A network of hosts with a time of its own, all of whose chances come from one seed.
 *
 * <p>The programs of its hosts are unchanged: they use mill as always, and find the simulated
 * network under it. One thread runs at a time, and hands over where mill calls the system; the time
 * moves to the next event when all wait. So a run depends on nothing but the seed, this version of
 * mill and the programs, as long as these keep to what is simulated: threads, clocks, timers and
 * waits of mill, and chances of {@link #between} and {@link #chance}. Locks, queues and futures of
 * the JDK may be used, but not waited for: who blocks there is a failure that shows his stack.
 *
 * <p>It ends when all programs that were {@linkplain SimHost#start started} and all that was asked
 * for by {@link #after} are over; a program that {@linkplain SimHost#serve serves} ends with it.
 *
 * <p>Used by the scenario before it begins, and by the hosts' programs and what {@link #after} runs
 * from then on.
 */
public final class Simulation {
  private static final long STUCK_NS = Duration.ofSeconds(5).toNanos();

  private final long seed;
  private final World world;
  private final SplitMix64 chances;
  private final SeededFaults faults;
  private final Network network;
  private final Predicate<Throwable> tolerated;
  private final List<SimHost> hosts = new ArrayList<>();
  private final Map<String, Long> happened = new TreeMap<>();

  Simulation(long seed, Faults faults, Predicate<Throwable> tolerated) {
    this.seed = seed;
    this.tolerated = tolerated;
    world = new World(seed);
    world.tellThrown(this::thrown);
    chances = world.random("user");
    this.faults = new SeededFaults(faults, world.random("faults"), this::sometimes);
    network = new Network(world, this.faults);
  }

  /**
   * {@return a simulation, to be run with so many seeds}
   *
   * @param count how many, from 1 on
   * @throws IllegalArgumentException if it is less than 1
   */
  public static Seeds seeds(long count) {
    return new Seeds(count);
  }

  void run(Scenario scenario, Duration calmAfter, Duration limit) {
    world.at(calmAfter.toNanos(), this::calm);
    world.limit(limit.toNanos());
    try {
      scenario.set(this);
    } catch (Exception | AssertionError e) {
      world.fail(e);
      return;
    }
    world.runToEnd(STUCK_NS);
  }

  void tellSteps(Consumer<String> lines) {
    world.tellSteps(lines);
  }

  /**
   * Makes a host, which runs nothing yet.
   *
   * @param name its name, in traces and messages
   * @return the host, with addresses of its own
   * @throws IllegalArgumentException if there is one of that name
   */
  public SimHost host(String name) {
    if (hosts.stream().anyMatch(host -> host.name().equals(name))) {
      throw new IllegalArgumentException("there is a host " + name + " already");
    }
    var host = new SimHost(this, requireNonNull(name, "name"));
    hosts.add(host);
    return host;
  }

  /** {@return the seed} */
  public long seed() {
    return seed;
  }

  /** {@return how much time has passed in the simulation} */
  public Duration now() {
    return Duration.ofNanos(world.nowNs());
  }

  /**
   * {@return a time that is drawn from the seed}
   *
   * @param from the shortest
   * @param to what it stays below, unless it is the shortest too
   */
  public Duration between(Duration from, Duration to) {
    return Duration.ofNanos(between(from.toNanos(), to.toNanos()));
  }

  /**
   * {@return a number that is drawn from the seed}
   *
   * @param from the lowest
   * @param to what it stays below, unless it is the lowest too
   * @throws IllegalArgumentException if {@code to} is less
   */
  public long between(long from, long to) {
    if (to < from) {
      throw new IllegalArgumentException("nothing is between " + from + " and " + to);
    }
    return to == from ? from : from + chances.nextLong(to - from);
  }

  /**
   * {@return true in so many of all cases, drawn from the seed}
   *
   * @param probability 0 to 1
   */
  public boolean chance(double probability) {
    return chances.chance(probability);
  }

  /**
   * Runs something later, on no host: it may cut and heal, start, crash and restart hosts, but
   * waits for nothing. The simulation does not end before.
   *
   * @param delay how much later
   * @param action what
   */
  public void after(Duration delay, Runnable action) {
    requireNonNull(action, "action");
    world.mustHappen(world.nowNs() + delay.toNanos(), action);
  }

  /**
   * Cuts the line between two hosts, both ways: what is sent waits, and arrives after {@link
   * #heal}.
   *
   * @param one a host
   * @param other another
   */
  public void cut(SimHost one, SimHost other) {
    cutOneWay(one, other);
    cutOneWay(other, one);
  }

  /**
   * Cuts the line one way.
   *
   * @param from the host that is not heard any more
   * @param to the host that does not hear it
   */
  public void cutOneWay(SimHost from, SimHost to) {
    network.cutOneWay(from.number(), to.number());
    sometimes("CUT");
  }

  /**
   * Mends the line between two hosts, both ways.
   *
   * @param one a host
   * @param other another
   */
  public void heal(SimHost one, SimHost other) {
    network.heal(one.number(), other.number());
  }

  /**
   * Ends all faults and mends all lines: from now on everything has to come to its end. Comes by
   * itself some time after the beginning, see {@link Seeds#calmAfter}.
   */
  public void calm() {
    world.trace("calm", 0, 0);
    faults.calm();
    for (SimHost one : hosts) {
      for (SimHost other : hosts) {
        if (one.number() < other.number()) {
          network.heal(one.number(), other.number());
        }
      }
    }
  }

  /**
   * Fails the simulation. The first failure counts.
   *
   * @param why what is wrong
   */
  public void fail(Throwable why) {
    world.fail(requireNonNull(why, "why"));
  }

  /**
   * Notes that something rare has happened, for {@link Seeds#expect} and {@link SimReport}.
   *
   * @param name what
   */
  public void sometimes(String name) {
    happened.merge(name, 1L, Long::sum);
  }

  /** What a callback has thrown. */
  void thrown(Throwable thrown) {
    if (!tolerated.test(thrown)) {
      world.fail(thrown);
    }
  }

  World world() {
    return world;
  }

  Network network() {
    return network;
  }

  @Nullable Throwable failure() {
    return world.failure();
  }

  long traceHash() {
    return world.traceHash();
  }

  long steps() {
    return world.steps();
  }

  List<String> lastSteps() {
    return world.lastSteps();
  }

  Map<String, Long> happened() {
    return happened;
  }
}
