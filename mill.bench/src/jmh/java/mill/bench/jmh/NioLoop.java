package mill.bench.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * The loop that a careful user of java.nio writes, on a thread of its own.
 *
 * <p>One selector, the handler as the key's attachment, {@code select(Consumer)} so that no set of
 * selected keys is built, tasks in a concurrent queue, and a wake-up only for a loop that sleeps.
 */
final class NioLoop implements Executor {
  /** Is called when its key is ready. */
  interface Handler {
    void onReady(SelectionKey key) throws IOException;
  }

  private final Selector selector;
  private final Thread thread;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final Consumer<SelectionKey> dispatch = this::dispatch;
  private volatile boolean asleep;
  private volatile boolean stopping;

  NioLoop() throws IOException {
    selector = Selector.open();
    thread = Thread.ofPlatform().name("nio").unstarted(this::run);
  }

  SelectionKey register(SelectableChannel channel, int ops, Handler handler) throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, ops, handler);
  }

  void start() {
    thread.start();
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (asleep) {
      selector.wakeup();
    }
  }

  void close() throws IOException, InterruptedException {
    stopping = true;
    selector.wakeup();
    thread.join();
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }

  private void run() {
    try {
      while (!stopping) {
        turn();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void turn() throws IOException {
    asleep = true;
    if (stopping || !tasks.isEmpty()) {
      asleep = false; // nobody need wake it
      selector.selectNow(dispatch);
    } else {
      selector.select(dispatch);
    }
    awake();
    Runnable task;
    while ((task = tasks.poll()) != null) {
      task.run();
    }
  }

  private void dispatch(SelectionKey key) {
    awake(); // the loop dispatches before select returns
    try {
      ((Handler) key.attachment()).onReady(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awake() {
    if (asleep) {
      asleep = false;
    }
  }
}
