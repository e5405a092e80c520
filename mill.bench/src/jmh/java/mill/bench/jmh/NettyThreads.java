package mill.bench.jmh;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Makes JMH run benchmarks on Netty's {@code FastThreadLocalThread}s, as Netty's own benchmarks do.
 *
 * <p>On any other thread Netty's pools work with one hand tied behind their back. To mill a thread
 * is a thread.
 */
public final class NettyThreads extends ThreadPoolExecutor {
  /** The options that make JMH use this. */
  static final String EXECUTOR = "-Djmh.executor=CUSTOM";

  static final String EXECUTOR_CLASS = "-Djmh.executor.class=mill.bench.jmh.NettyThreads";

  /**
   * Called by JMH.
   *
   * @param threads how many it needs
   * @param prefix of their names
   */
  public NettyThreads(int threads, String prefix) {
    super(
        threads,
        threads,
        0,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(),
        new DefaultThreadFactory(prefix));
  }
}
