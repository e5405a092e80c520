package mill.core;

import mill.natives.Pollable;

/** A fake of a descriptor, on a {@link FakePlatform}. */
public final class FakePollable extends Pollable {
  /** Whether the text of this is a bug of its user's. */
  volatile boolean textThrows;

  private final FakePlatform platform;
  private final boolean listener;

  public FakePollable(FakePlatform platform, int fd, boolean listener) {
    super(platform, fd);
    this.platform = platform;
    this.listener = listener;
  }

  @Override
  public boolean acceptsConnections() {
    return listener;
  }

  /**
   * Makes the kernel find these facts of {@link mill.natives.Readiness} from now on; an edge, even
   * if they were true before.
   */
  public void ready(int bits) {
    platform.setReadiness(fd(), bits);
  }

  @Override
  protected int closeDescriptor(int fd) {
    return platform.closeFd(fd);
  }

  @Override
  public String toString() {
    if (textThrows) {
      throw new StackOverflowError("planned"); // as one that calls itself does
    }
    return super.toString();
  }
}
