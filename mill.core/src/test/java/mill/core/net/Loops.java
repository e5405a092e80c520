package mill.core.net;

import java.io.IOException;
import java.util.function.Supplier;
import mill.core.EventLoop;
import mill.core.LoopConfig;
import mill.core.LoopRunner;
import mill.natives.memory.BufferPoolConfig;
import mill.natives.platform.Platform;
import mill.testing.Await;
import mill.testnet.Net;

/** A loop that runs, with servers and clients on it. */
final class Loops implements AutoCloseable {
  final EventLoop loop;
  final LoopRunner runner;

  private Loops(EventLoop loop) {
    this.loop = loop;
    runner = LoopRunner.startAndAwait(loop);
  }

  static Loops start() throws IOException {
    return new Loops(EventLoop.open());
  }

  /** With another cap of the memory for connections. */
  static Loops start(BufferPoolConfig memory) throws IOException {
    EventLoop loop = EventLoop.open(LoopConfig.defaults());
    LoopConnections.of(loop, memory);
    return new Loops(loop);
  }

  /** On another platform. */
  static Loops start(Platform platform) throws IOException {
    return new Loops(EventLoop.open(LoopConfig.builder().platform(platform).build()));
  }

  LoopConnections connections() {
    return LoopConnections.of(loop);
  }

  TcpServer listen(ConnectionConfig config, Supplier<? extends ConnectionHandler> handlers)
      throws IOException {
    return TcpServer.listen(loop, Net.loopback(), config, handlers);
  }

  /** A server whose connections all have one handler. */
  TcpServer listen(ConnectionConfig config, ConnectionHandler handler) throws IOException {
    return listen(config, () -> handler);
  }

  /** Does something on the loop's thread, and waits until it is done. */
  void run(Await.Condition work) throws Exception {
    call(() -> {
      work.holds();
      return null;
    });
  }

  /** Asks for something on the loop's thread. */
  <T> T call(java.util.concurrent.Callable<T> work) throws Exception {
    var task = new java.util.concurrent.FutureTask<>(work);
    loop.execute(task);
    return Await.outcome(task);
  }

  @Override
  public void close() {
    loop.close();
  }
}
