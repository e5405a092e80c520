package mill.core.snippets;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import mill.core.RateLimiter;

/** The examples of {@link RateLimiter}'s Javadoc. */
final class RateLimiterSnippets {
  interface Sink {
    int write(byte[] bytes, int offset, int length);
  }

  private RateLimiterSnippets() {}

  // @start region="take"
  /** Sends what the limit allows now; returns how much that was. */
  static int sendSome(RateLimiter bytesPerSecond, Sink sink, byte[] bytes, int offset) {
    int allowed = (int) bytesPerSecond.tryAcquire(bytes.length - offset);
    int written = sink.write(bytes, offset, allowed);
    bytesPerSecond.giveBack(allowed - written); // what was not used
    return written;
  }

  // @end

  // @start region="reserve"
  /** Runs a task as soon as the limit allows, after those that came before. */
  static ScheduledFuture<?> runInTurn(
      RateLimiter tasksPerSecond, ScheduledExecutorService timer, Runnable task) {
    long waitNs = tasksPerSecond.reserve(1);
    if (waitNs == RateLimiter.REFUSED) {
      throw new IllegalStateException("too many are waiting already");
    }
    return timer.schedule(task, waitNs, TimeUnit.NANOSECONDS);
  }
  // @end
}
