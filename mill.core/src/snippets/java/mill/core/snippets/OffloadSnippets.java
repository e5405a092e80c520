package mill.core.snippets;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import mill.core.EventLoop;

/** Examples of work that is done off the loop. */
final class OffloadSnippets {
  private OffloadSnippets() {}

  static CompletableFuture<String> offload(EventLoop loop, Executor pool, byte[] password) {
    // @start region="offload"
    return loop.offload(pool, () -> slowHash(password))
        .whenComplete((hash, failure) -> {
          // on the loop's thread again, if offload was called there
        });
    // @end
  }

  private static String slowHash(byte[] password) {
    return Integer.toHexString(password.length);
  }
}
