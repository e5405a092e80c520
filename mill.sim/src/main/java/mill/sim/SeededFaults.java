package mill.sim;

import static java.util.Map.entry;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import mill.sim.Faults.Planned;
import mill.sim.fault.FaultKind;
import mill.sim.kernel.Call;
import mill.sim.kernel.Fate;
import mill.sim.kernel.FaultSource;
import mill.sim.kernel.SimErrnos;
import mill.sim.schedule.SplitMix64;

/** The faults of one simulation: which kinds it has and how often is drawn as it begins. */
final class SeededFaults implements FaultSource {
  private static final long MAX_DELAY_NS = Duration.ofMillis(200).toNanos();
  private static final long MAX_SLOW_TURN_NS = Duration.ofMillis(50).toNanos();

  /** A fault is drawn to come at least so often, if it comes. */
  private static final double RARE = 0.001;

  /** How often each kind comes at most. What ends a connection has to leave some to live. */
  private static final Map<FaultKind, Double> MOST =
      Map.ofEntries(
          entry(FaultKind.SHORT_READ, 0.5),
          entry(FaultKind.SHORT_WRITE, 0.5),
          entry(FaultKind.WOULD_BLOCK, 0.2),
          entry(FaultKind.INTERRUPTED, 0.2),
          entry(FaultKind.EMPTY_POLL, 0.2),
          entry(FaultKind.SHUFFLED_BATCH, 1.0),
          entry(FaultKind.SLOW_TURN, 0.1),
          entry(FaultKind.CONNECT_REFUSED, 0.1),
          entry(FaultKind.CONNECT_RESET, 0.1),
          entry(FaultKind.CONNECT_ENDED, 0.1),
          entry(FaultKind.BACKLOG_RESET, 0.1),
          entry(FaultKind.BACKLOG_ENDED, 0.1),
          entry(FaultKind.STREAM_RESET, 0.02),
          entry(FaultKind.STREAM_ENDED, 0.02),
          entry(FaultKind.CLOSE_RESET, 0.1),
          entry(FaultKind.DELAYED, 0.3),
          entry(FaultKind.DATAGRAM_LOST, 0.3),
          entry(FaultKind.DATAGRAM_DUPLICATED, 0.3),
          entry(FaultKind.DATAGRAM_REORDERED, 0.3),
          entry(FaultKind.ACCEPT_FAILED, 0.1));

  private final Faults faults;
  private final SplitMix64 chances;
  private final Consumer<String> counter;
  private final Map<FaultKind, Double> probabilities = new EnumMap<>(FaultKind.class);
  private final Map<Call, long[]> calls =
      new EnumMap<>(Call.class); // per host, where one is planned
  private boolean calm;

  SeededFaults(Faults faults, SplitMix64 chances, Consumer<String> counter) {
    this.faults = faults;
    this.chances = chances;
    this.counter = counter;
    for (FaultKind kind : FaultKind.values()) {
      double drawn = draw(kind); // also where it is fixed: that shifts no other
      Double fixed = faults.fixed(kind);
      probabilities.put(kind, fixed != null ? fixed : faults.isDrawn() ? drawn : 0.0);
    }
  }

  /** In half of the seeds never, else somewhere between rarely and most, by its magnitude. */
  private double draw(FaultKind kind) {
    boolean has = chances.chance(0.5);
    double most = MOST.getOrDefault(kind, 0.0);
    double share = (chances.nextLong() >>> 11) * 0x1.0p-53;
    return has && most > 0 ? RARE * Math.pow(most / RARE, share) : 0;
  }

  void calm() {
    calm = true;
  }

  private boolean comes(FaultKind kind) {
    return !calm && chances.chance(probabilities.getOrDefault(kind, 0.0));
  }

  @Override
  public void happened(FaultKind kind) {
    counter.accept(kind.name());
  }

  @Override
  public int failure(int host, Call call) {
    if (faults.planned().isEmpty()) {
      return 0;
    }
    long count = count(host, call);
    for (Planned planned : faults.planned()) {
      if (planned.n() == count && planned.call() == call) {
        return SimErrnos.number(planned.errno());
      }
    }
    return 0;
  }

  private long count(int host, Call call) {
    long[] counts = calls.computeIfAbsent(call, made -> new long[host + 1]);
    if (counts.length <= host) {
      counts = java.util.Arrays.copyOf(counts, host + 1);
      calls.put(call, counts);
    }
    return ++counts[host];
  }

  @Override
  public long transferLength(int host, Call call, long length) {
    FaultKind kind =
        switch (call) {
          case READ, READV, RECV, RECVFROM, RECVMSG -> FaultKind.SHORT_READ;
          default -> FaultKind.SHORT_WRITE;
        };
    return comes(kind) ? 1 + chances.nextLong(length - 1) : length;
  }

  @Override
  public boolean wouldBlock(int host, Call call) {
    return comes(FaultKind.WOULD_BLOCK);
  }

  @Override
  public boolean interrupted(int host, Call call) {
    return comes(FaultKind.INTERRUPTED);
  }

  @Override
  public boolean emptyPoll(int host) {
    return comes(FaultKind.EMPTY_POLL);
  }

  @Override
  public boolean shuffledBatch(int host) {
    return comes(FaultKind.SHUFFLED_BATCH);
  }

  @Override
  public long slowTurnNs(int host) {
    return comes(FaultKind.SLOW_TURN) ? 1 + chances.nextLong(MAX_SLOW_TURN_NS) : 0;
  }

  @Override
  public int acceptError(int host) {
    if (!comes(FaultKind.ACCEPT_FAILED)) {
      return 0;
    }
    return SimErrnos.number(chances.chance(0.5) ? "ECONNABORTED" : "EMFILE");
  }

  @Override
  public Fate atConnect(int from, int to) {
    if (comes(FaultKind.CONNECT_REFUSED)) {
      return Fate.REFUSED;
    }
    return fate(FaultKind.CONNECT_RESET, FaultKind.CONNECT_ENDED);
  }

  @Override
  public Fate inBacklog(int from, int to) {
    return fate(FaultKind.BACKLOG_RESET, FaultKind.BACKLOG_ENDED);
  }

  @Override
  public Fate midStream(int from, int to) {
    return fate(FaultKind.STREAM_RESET, FaultKind.STREAM_ENDED);
  }

  @Override
  public Fate atClose(int from, int to) {
    return comes(FaultKind.CLOSE_RESET) ? Fate.RESET : Fate.NONE;
  }

  private Fate fate(FaultKind reset, FaultKind ended) {
    return comes(reset) ? Fate.RESET : comes(ended) ? Fate.ENDED : Fate.NONE;
  }

  @Override
  public long delayNs(int from, int to) {
    return comes(FaultKind.DELAYED) ? 1 + chances.nextLong(MAX_DELAY_NS) : 0;
  }

  @Override
  public boolean datagramLost(int from, int to) {
    return comes(FaultKind.DATAGRAM_LOST);
  }

  @Override
  public boolean datagramDuplicated(int from, int to) {
    return comes(FaultKind.DATAGRAM_DUPLICATED);
  }

  @Override
  public long datagramDelayNs(int from, int to) {
    return comes(FaultKind.DATAGRAM_REORDERED) ? 1 + chances.nextLong(MAX_DELAY_NS) : 0;
  }
}
