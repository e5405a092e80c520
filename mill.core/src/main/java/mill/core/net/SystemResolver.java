package mill.core.net;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.natives.platform.Platform;

/**
 * The system's own resolver, which blocks: on at most two threads of the loop's platform, which end
 * when nobody has asked for some time. A slow name server keeps other names waiting, never the
 * loop.
 */
final class SystemResolver implements NameResolver {
  private static final int THREADS = 2;
  private static final int MAX_WAITING = 256;
  private static final long IDLE_S = 10;

  private final EventLoop loop;
  private final ThreadPoolExecutor executor;

  SystemResolver(EventLoop loop, Platform platform) {
    this.loop = loop;
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
  public Lookup resolve(String name, Answer answer) {
    CompletableFuture<List<InetAddress>> found =
        loop.offload(executor, () -> List.of(InetAddress.getAllByName(name)));
    var _ =
        found.whenComplete((addresses, thrown) -> {
          if (thrown == null) {
            answer.resolved(addresses);
          } else {
            answer.failed(thrown);
          }
        });
    return () -> found.cancel(false);
  }

  @Override
  public void close() {
    executor.shutdown();
  }
}
