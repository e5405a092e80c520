package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mill.testing.Await;

/**
 * A handler that writes down what it hears: {@code open}, {@code frame ...}, {@code end}, {@code
 * drained}, {@code deadline}, {@code shutdown}, {@code closing KIND}, {@code closed KIND}. What it
 * does besides is said by the test. Fails if callbacks nest or come after the last.
 */
class Recorder implements ConnectionHandler {
  /** What a callback does. */
  interface Action {
    void run(Connection connection) throws IOException;
  }

  /** What a callback does with a frame. */
  interface FrameAction {
    void run(Connection connection, String text) throws IOException;
  }

  static final Action NOTHING = connection -> {};

  final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
  final CompletableFuture<Connection> connection = new CompletableFuture<>();
  final CompletableFuture<CloseCause> cause = new CompletableFuture<>();
  final AtomicInteger closed = new AtomicInteger();
  final List<String> faults = java.util.Collections.synchronizedList(new ArrayList<>());
  private volatile boolean inside;

  Action onOpen = NOTHING;
  FrameAction onFrame = (c, text) -> {};
  Action onEnd = Connection::close;
  Action onDrained = NOTHING;
  Action onDeadline = Connection::reset;
  Action onShutdown = Connection::close;
  Action onClosing = NOTHING;
  Action onClosed = NOTHING;

  private void enter(String event) {
    if (inside) {
      faults.add(event + " inside of another");
    }
    if (closed.get() > 0) {
      faults.add(event + " after closed");
    }
    inside = true;
    events.add(event);
  }

  private void call(String event, Connection c, Action action) throws IOException {
    enter(event);
    try {
      action.run(c);
    } finally {
      inside = false;
    }
  }

  @Override
  public void onOpen(Connection c) throws IOException {
    enter("open");
    connection.complete(c);
    try {
      onOpen.run(c);
    } finally {
      inside = false;
    }
  }

  @Override
  public void onFrame(Connection c, MemorySegment memory, long offset, long length)
      throws IOException {
    String text = text(memory, offset, length);
    call("frame " + text, c, with -> onFrame.run(with, text));
  }

  static String text(MemorySegment memory, long offset, long length) {
    byte[] bytes = new byte[(int) length];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, bytes, 0, bytes.length);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void onEnd(Connection c) throws IOException {
    call("end", c, onEnd);
  }

  @Override
  public void onDrained(Connection c) throws IOException {
    call("drained", c, onDrained);
  }

  @Override
  public void onDeadline(Connection c) throws IOException {
    call("deadline", c, onDeadline);
  }

  @Override
  public void onShutdown(Connection c) throws IOException {
    call("shutdown", c, onShutdown);
  }

  @Override
  public void onClosing(Connection c, CloseCause.Kind kind) throws IOException {
    call("closing " + kind, c, onClosing);
  }

  @Override
  public void onClosed(Connection c, CloseCause why) {
    enter("closed " + why.kind());
    closed.incrementAndGet();
    try {
      onClosed.run(c);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } finally {
      inside = false;
      cause.complete(why);
    }
  }

  /** The next thing it hears. */
  String next() throws InterruptedException {
    String event = events.poll(Await.PATIENCE_NS, TimeUnit.NANOSECONDS);
    if (event == null) {
      throw Await.hung("an event of a connection", null);
    }
    return event;
  }

  Connection connected() {
    return Await.outcomeOf(connection);
  }

  CloseCause ended() {
    return Await.outcomeOf(cause);
  }
}
