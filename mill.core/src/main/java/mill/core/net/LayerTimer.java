package mill.core.net;

import java.util.concurrent.TimeoutException;
import mill.core.Timeout;
import org.jspecify.annotations.Nullable;

/** Ends a connection whose layer does not become ready in its time. The loop's thread. */
final class LayerTimer {
  private @Nullable Timeout timer;

  /**
   * Begins.
   *
   * @param site the layer's place
   * @param timeoutNs how long it may take
   * @param missing what has not come then
   */
  void start(Layer.Site site, long timeoutNs, String missing) {
    Timeout made =
        site.connection()
            .loop()
            .newTimeout(() -> site.fail(new TimeoutException("no " + missing + " in its time")));
    timer = made;
    made.rescheduleNs(timeoutNs);
  }

  /** It is in time, or has ended; a second call does nothing. */
  void stop() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
