package mill.natives;

import mill.natives.backend.CurrentPlatform;
import mill.natives.platform.Platform;

/** The {@link Platform} of the system that this runs on, as opposed to a simulated one. */
public final class NativePlatform {
  private NativePlatform() {}

  /**
   * {@return the platform of this system, always the same} Any thread. mill chooses the backend by
   * {@code os.name} and {@code os.arch} when it is first asked.
   *
   * @throws IllegalStateException if native access is not granted to {@code mill.natives}; the
   *     message says what to type
   * @throws UnsupportedOperationException if mill has no backend for this system or architecture,
   *     which the message names
   */
  public static Platform current() {
    return CurrentPlatform.get();
  }
}
