package mill.sim.schedule;

import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/** One life of a simulated host: its threads end with it. */
public final class SimProcess {
  private final String name;
  private final boolean background;
  private @Nullable Platform platform;
  private Runnable exitAction = () -> {};
  private boolean dead;
  private int processors = 2;

  /**
   * Makes a process.
   *
   * @param name the host's name
   * @param background whether the world may end while it lives
   */
  public SimProcess(String name, boolean background) {
    this.name = name;
    this.background = background;
  }

  /** {@return the host's name} */
  public String name() {
    return name;
  }

  /** {@return whether the world may end while it lives} */
  public boolean isBackground() {
    return background;
  }

  /**
   * Says what its threads run on. Before the first is started.
   *
   * @param chosen the platform that is the current one for them
   */
  public void runOn(Platform chosen) {
    platform = chosen;
  }

  /** {@return what its threads run on} */
  public Platform platform() {
    if (platform == null) {
      throw new IllegalStateException("process " + name + " has no platform yet");
    }
    return platform;
  }

  /** {@return how many processors its programs are told of} */
  public int processors() {
    return processors;
  }

  /**
   * Sets how many processors its programs are told of.
   *
   * @param count 1 or more
   */
  public void processors(int count) {
    processors = count;
  }

  /** {@return whether it was killed} */
  public boolean isDead() {
    return dead;
  }

  /**
   * Says what is done when it has ended by itself.
   *
   * @param action what
   */
  public void onExit(Runnable action) {
    exitAction = action;
  }

  void exit() {
    exitAction.run();
  }

  void kill() {
    dead = true;
  }
}
