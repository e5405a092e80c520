package mill.sim;

/** What goes wrong. */
public final class Faults {
  private Faults() {}
}
