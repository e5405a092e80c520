package mill.sim;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import mill.sim.fault.FaultKind;
import mill.sim.kernel.Call;
import mill.sim.kernel.SimErrnos;
import org.jspecify.annotations.Nullable;

/**
 * Which faults a simulation has, and how often. Immutable; any thread.
 *
 * <p>{@link #swarm()} has each seed draw which kinds it has: a fixed mix of all, always slightly
 * on, hides bugs that need one kind's absence.
 */
public final class Faults {
  /** A call of one name that fails, the n-th of a host. */
  record Planned(Call call, long n, String errno) {}

  private final boolean drawn;
  private final Map<FaultKind, Double> probabilities;
  private final List<Planned> planned;

  private Faults(boolean drawn, Map<FaultKind, Double> probabilities, List<Planned> planned) {
    this.drawn = drawn;
    this.probabilities = probabilities;
    this.planned = planned;
  }

  /**
   * {@return faults of which each seed draws the kinds, each in half of the seeds, and how often}
   */
  public static Faults swarm() {
    return new Faults(true, new EnumMap<>(FaultKind.class), List.of());
  }

  /** {@return no faults} */
  public static Faults none() {
    return new Faults(false, new EnumMap<>(FaultKind.class), List.of());
  }

  /**
   * Fixes how often one kind happens, in every seed.
   *
   * @param kind the kind
   * @param probability of each chance that it has, 0 to 1; 0 for never
   * @return the faults with that
   * @throws IllegalArgumentException if the probability is none
   */
  public Faults with(FaultKind kind, double probability) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException("a probability is 0 to 1, and this is " + probability);
    }
    Map<FaultKind, Double> changed = new EnumMap<>(FaultKind.class);
    changed.putAll(probabilities);
    changed.put(requireNonNull(kind, "kind"), probability);
    return new Faults(drawn, changed, planned);
  }

  /**
   * Has one call of every host fail.
   *
   * @param call the system call's name, as in {@code "accept"}
   * @param n which of them, from 1
   * @param errno with what, as in {@code "ENOBUFS"}
   * @return the faults with that
   * @throws IllegalArgumentException if {@code n} is less than 1, or there is no such call or
   *     error; the message says which there are
   */
  public Faults nth(String call, long n, String errno) {
    if (n < 1) {
      throw new IllegalArgumentException("calls are counted from 1, and this is " + n);
    }
    List<Planned> more = new ArrayList<>(planned);
    SimErrnos.number(errno);
    more.add(new Planned(Call.of(call), n, errno));
    return new Faults(drawn, probabilities, List.copyOf(more));
  }

  boolean isDrawn() {
    return drawn;
  }

  @Nullable Double fixed(FaultKind kind) {
    return probabilities.get(kind);
  }

  List<Planned> planned() {
    return planned;
  }
}
