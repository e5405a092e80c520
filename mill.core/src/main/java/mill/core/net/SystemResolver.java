package mill.core.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.natives.platform.Platform;

/**
 * The system's own resolver, which blocks: on at most two threads of the loop's platform, which end
 * when nobody has asked for some time. A slow name server keeps other names waiting, never the
 * loop; a question that is cancelled leaves the queue at once.
 */
final class SystemResolver implements NameResolver {
  private static final int THREADS = 2;
  private static final int MAX_WAITING = 256;
  private static final long IDLE_S = 10;

  /** Asks, and blocks. */
  interface Lookup {
    InetAddress[] addresses(String name) throws UnknownHostException;
  }

  private final Lookup lookup;
  private final ThreadPoolExecutor executor;

  SystemResolver(EventLoop loop, Platform platform) {
    this(loop, platform, InetAddress::getAllByName);
  }

  SystemResolver(EventLoop loop, Platform platform, Lookup lookup) {
    this.lookup = lookup;
    String name = loop.config().name() + "-resolver";
    executor =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_S,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            work -> platform.threads().unstarted(name, true, work));
    executor.allowCoreThreadTimeOut(true);
  }

  @Override
  public CompletableFuture<List<InetAddress>> resolve(String name) {
    var found = new CompletableFuture<List<InetAddress>>();
    Runnable question = () -> ask(name, found);
    var _ =
        found.whenComplete((addresses, thrown) -> {
          if (found.isCancelled()) {
            executor.remove(question);
          }
        });
    try {
      executor.execute(question);
    } catch (RejectedExecutionException e) {
      found.completeExceptionally(e);
    }
    return found;
  }

  private void ask(String name, CompletableFuture<List<InetAddress>> found) {
    if (found.isDone()) {
      return;
    }
    try {
      found.complete(List.of(lookup.addresses(name)));
    } catch (UnknownHostException | RuntimeException | Error e) {
      found.completeExceptionally(e); // also of a name that is none
    }
  }

  /** Asks for nothing more. */
  void close() {
    executor.shutdown();
  }
}
