package mill.bench.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import mill.core.EventLoop;
import mill.core.LoopConfig;

/** An {@link EventLoop}, with the defaults unless told otherwise, on a thread of its own. */
final class MillLoop {
  private final EventLoop loop;
  private final Thread thread;

  MillLoop() throws IOException {
    this(LoopConfig.defaults());
  }

  MillLoop(LoopConfig config) throws IOException {
    loop = EventLoop.open(config);
    thread = Thread.ofPlatform().name("mill").unstarted(this::run);
  }

  EventLoop loop() {
    return loop;
  }

  void start() {
    thread.start();
  }

  void close() throws InterruptedException {
    loop.close();
    thread.join();
  }

  private void run() {
    try {
      loop.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
