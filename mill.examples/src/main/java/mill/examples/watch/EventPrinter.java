package mill.examples.watch;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import mill.core.EventHandler;
import mill.core.Registration;
import mill.natives.Readiness;
import mill.natives.net.RawFd;
import org.jspecify.annotations.Nullable;

/** Prints what the kernel reports, a line an event, as {@code inotifywait -m} does. */
final class EventPrinter implements EventHandler {
  private final RawFd fd;
  private final MemorySegment buffer;
  private final WatchTree tree;
  private final int wanted;
  private final PrintStream out;
  private final PrintStream err;

  private @Nullable Throwable failure;

  /**
   * Prepares to print.
   *
   * @param fd an inotify descriptor
   * @param buffer to read into, {@link InotifyEvent#MAX_BYTES} or more
   * @param wanted what to print; the kernel and a recursive tree report more
   */
  EventPrinter(
      RawFd fd,
      MemorySegment buffer,
      WatchTree tree,
      int wanted,
      PrintStream out,
      PrintStream err) {
    this.fd = fd;
    this.buffer = buffer;
    this.tree = tree;
    this.wanted = wanted;
    this.out = out;
    this.err = err;
  }

  @Override
  public void onReady(Registration registration, Readiness readiness) throws IOException {
    boolean read = true;
    int n;
    while (read && (n = fd.read(buffer, 0, buffer.byteSize())) > 0) {
      InotifyEvent.decode(buffer, n).forEach(this::take);
      read = !out.checkError(); // which flushes
    }
    if (!read || tree.isEmpty()) {
      registration.loop().stop(); // nobody listens any more, or there is nothing left to watch
    }
  }

  @Override
  public void onError(Registration registration, Throwable error) {
    failure = error;
    registration.loop().stop();
  }

  /** What ended the watching, if something did. */
  @Nullable Throwable failure() {
    return failure;
  }

  void take(InotifyEvent event) {
    if ((event.mask() & wanted) != 0) {
      String names = WatchEvent.names(event.mask());
      out.print(tree.name(event.watch()) + " " + names + " " + event.name() + "\n");
    }
    if (event.is(WatchEvent.Q_OVERFLOW)) {
      // inotifywait says nothing then. The lines agree with its own; the loss is told beside them.
      err.println(
          "mill-watch: events were lost, the kernel's queue was full: raise"
              + " /proc/sys/fs/inotify/max_queued_events");
    }
    try {
      tree.follow(event);
    } catch (IOException e) {
      err.println("mill-watch: " + e.getMessage() + ": it is not watched");
    }
  }
}
