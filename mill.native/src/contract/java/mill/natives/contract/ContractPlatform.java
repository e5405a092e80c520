package mill.natives.contract;

import mill.natives.platform.Platform;

/**
 * A platform that the contract is run on.
 *
 * @param kind the row of the table of declared differences
 * @param runner runs each test, where it can be run
 */
record ContractPlatform(PlatformKind kind, Runner runner) {
  /** Runs tests on a platform: on the calling thread, or on one that the platform wants. */
  @FunctionalInterface
  interface Runner {
    void run(Body body) throws Throwable;
  }

  /** A test. */
  @FunctionalInterface
  interface Body {
    void run(Platform platform) throws Throwable;
  }

  ContractPlatform(PlatformKind kind, Platform platform) {
    this(kind, body -> body.run(platform));
  }

  @Override
  public String toString() {
    return kind.name();
  }
}
