package mill.core.internal.loop;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** The way from a loop, as its users know it, to its {@link LoopSeam}. Any thread. */
public abstract class LoopAccess {
  private static volatile @Nullable LoopAccess instance;

  /** For the class of loops. */
  protected LoopAccess() {}

  /**
   * Says how it is done. The class of loops does so as it is initialised.
   *
   * @param access the way
   */
  public static void set(LoopAccess access) {
    instance = access;
  }

  /**
   * {@return the seam of a loop}
   *
   * @param loop the loop
   */
  public static LoopSeam of(Object loop) {
    return requireNonNull(instance, "there is a loop, so its class is initialised").seam(loop);
  }

  /**
   * {@return the seam of a loop}
   *
   * @param loop the loop
   */
  protected abstract LoopSeam seam(Object loop);
}
