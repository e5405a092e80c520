package mill.sim.programs.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.CurrentPlatform;
import mill.natives.memory.BufferPoolConfig;
import mill.sim.SimHost;
import mill.sim.Simulation;

/** The loops of one host, and what they have to give back. */
final class Side {
  private static final int LOOP = 2; // descriptors of a loop
  private static final Duration SOON = Duration.ofSeconds(1); // no timer may be waited for
  private static final long SOON_NS = 2_000_000;
  private static final long LATE_NS = 500_000_000;
  private static final Duration PATIENCE = Duration.ofMinutes(3); // longer than all times together

  private final Simulation sim;
  private final SimHost host;
  final List<EventLoop> loops;
  private final EventLoopGroup group; // or null
  private final Thread thread; // or null
  private final List<Insides> insides = new ArrayList<>();
  private int descriptors;

  private Side(Simulation sim, SimHost host, List<EventLoop> loops, EventLoopGroup group) {
    this.sim = sim;
    this.host = host;
    this.loops = loops;
    this.group = group;
    thread =
        group != null
            ? null
            : CurrentPlatform.threads().unstarted("loop", false, () -> run(loops.getFirst()));
    descriptors = host.openDescriptors();
  }

  /** Opens so many loops, which run. */
  static Side open(Simulation sim, SimHost host, int count, BufferPoolConfig memory)
      throws IOException {
    Side side;
    if (count == 1) {
      int events = (int) sim.between(1, 9);
      LoopConfig config = LoopConfig.builder().eventsPerPoll(events).build();
      side = new Side(sim, host, List.of(EventLoop.open(config)), null);
    } else {
      var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(count).build());
      side = new Side(sim, host, group.loops(), group);
    }
    for (EventLoop loop : side.loops) {
      side.insides.add(Insides.of(loop, memory));
    }
    side.start();
    return side;
  }

  private void start() throws IOException {
    if (group != null) {
      group.start();
    } else {
      thread.start();
    }
  }

  private void run(EventLoop loop) {
    try {
      loop.run();
    } catch (IOException e) {
      sim.fail(e);
    }
  }

  /** What is open now is there to the end: somebody else's on the same host. */
  void countDescriptors() {
    descriptors = host.openDescriptors();
  }

  /** One of its loops ends before the others, with all that it has open. */
  void loopEndsAlone() {
    descriptors -= LOOP;
  }

  EventLoopGroup group() {
    return group;
  }

  EventLoop anyLoop() {
    return loops.get((int) sim.between(0, loops.size()));
  }

  /** A condition that comes to be true. */
  interface Condition {
    boolean holds();
  }

  /** Waits for something, and watches what should happen meanwhile. */
  void await(Supplier<String> what, Runnable watch, Condition condition) {
    await(what, watch, condition, PATIENCE);
  }

  /** Waits for what needs no timer of minutes. */
  void awaitSoon(Supplier<String> what, Condition condition) {
    await(what, () -> {}, condition, SOON);
  }

  private void await(
      Supplier<String> what, Runnable watch, Condition condition, Duration patience) {
    Duration begun = sim.now();
    long restNs = SOON_NS;
    while (!condition.holds()) {
      if (sim.now().minus(begun).compareTo(patience) > 0) {
        sim.fail(new AssertionError("waits in vain until " + what.get() + ", on " + host));
        return;
      }
      watch.run();
      Visitor.park(Duration.ofNanos(restNs));
      restNs = Math.min(LATE_NS, restNs + restNs / 2);
    }
  }

  /** All connections have ended: nothing is left of them, and the loops run on. */
  void awaitQuiet(Ledger ledger) {
    await(() -> "all is done", () -> {}, () -> loops.stream().noneMatch(ledger::isPending));
    awaitSoon(this::left, this::isQuiet);
  }

  private boolean isQuiet() {
    return host.openDescriptors() == descriptors
        && loops.stream().allMatch(loop -> loop.metrics().timers().live() == 0)
        && insides.stream().allMatch(Insides::isIdle);
  }

  private String left() {
    return "%d descriptors are %d, and live timers %s, memory %s"
        .formatted(
            host.openDescriptors(),
            descriptors,
            loops.stream().map(loop -> loop.metrics().timers().live()).toList(),
            insides.stream().map(Insides::lentBytes).toList());
  }

  /** Ends the loops in one of the ways there are. */
  void end() throws InterruptedException {
    Duration time = Duration.ofMillis(sim.between(0, 500));
    if (group != null) {
      if (sim.chance(0.5)) {
        group.shutdown(time);
        group.awaitEnd();
      }
      group.close();
      return;
    }
    EventLoop loop = loops.getFirst();
    switch ((int) sim.between(0, 3)) {
      case 0 -> loop.stop();
      case 1 -> loop.shutdown(time);
      default -> loop.close();
    }
    if (!CurrentPlatform.threads().join(thread, Duration.ofMinutes(5).toNanos())) {
      sim.fail(new AssertionError("the loop does not end: " + loop));
    }
    loop.close(); // what stop() has left
  }

  /** When they have ended. */
  void verifyEnd() {
    for (Insides inside : insides) {
      if (inside.lentBytes() != 0) {
        sim.fail(new AssertionError(inside.lentBytes() + " bytes of memory are not given back"));
      }
    }
    if (host.openDescriptors() != 0) {
      sim.fail(new AssertionError(host.openDescriptors() + " descriptors are open on " + host));
    }
  }
}
