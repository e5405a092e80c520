package mill.examples.echo;

import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;

/** Binds a thread to a processor, and says how that went. */
final class Pinning {
  private Pinning() {}

  /**
   * Binds the calling thread.
   *
   * @param cpu the processor, or {@link Command#ANY_CPU}
   * @return {@code pinned to CPU 0}, or {@code not pinned} with the reason
   */
  static String pinCurrentThread(int cpu) {
    if (cpu == Command.ANY_CPU) {
      return "not pinned";
    }
    Platform platform = CurrentPlatform.get();
    int result = platform.pinCurrentThread(cpu);
    return result == 0
        ? "pinned to CPU " + cpu
        : "not pinned (" + platform.errnos().name(-result) + ")";
  }
}
