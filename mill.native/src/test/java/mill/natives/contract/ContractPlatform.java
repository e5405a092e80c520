package mill.natives.contract;

import mill.natives.platform.Platform;

/**
 * A platform that the contract is run on.
 *
 * @param kind the row of the table of declared differences
 * @param platform the platform
 */
record ContractPlatform(PlatformKind kind, Platform platform) {
  @Override
  public String toString() {
    return kind.name();
  }
}
