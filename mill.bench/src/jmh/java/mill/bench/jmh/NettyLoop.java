package mill.bench.jmh;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Netty's native epoll loop, one thread unless more are asked for, leak detection off. */
final class NettyLoop {
  private final MultiThreadIoEventLoopGroup group;

  NettyLoop() {
    this(1);
  }

  NettyLoop(int threads) {
    requireEpoll();
    group = new MultiThreadIoEventLoopGroup(threads, EpollIoHandler.newFactory());
  }

  /** A loop of the calling thread, which turns it by hand. */
  static ManualIoEventLoop manual() {
    requireEpoll();
    return new ManualIoEventLoop(Thread.currentThread(), EpollIoHandler.newFactory());
  }

  /** Turns a loop of {@link #manual()} until it has ended; what is registered is closed. */
  static void close(ManualIoEventLoop loop) {
    Future<?> ended = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    while (!ended.isDone()) {
      loop.runNow();
    }
  }

  /**
   * Registers for level-triggered readability: without EPOLLET, which Netty adds for no handle but
   * its channels'.
   */
  static IoRegistration register(IoEventLoop loop, EpollIoHandle handle) throws Exception {
    IoRegistration registration = loop.register(handle).get();
    registration.submit(EpollIoOps.EPOLLIN);
    return registration;
  }

  MultiThreadIoEventLoopGroup group() {
    return group;
  }

  IoEventLoop loop() {
    return group.next();
  }

  void close() throws InterruptedException {
    group.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
  }

  private static void requireEpoll() {
    Epoll.ensureAvailability();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
  }
}
