package mill.natives;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.channels.ClosedChannelException;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Platform;
import org.jspecify.annotations.Nullable;

/**
 * Owns a descriptor that a {@link Poller} can watch: the sockets of {@link mill.natives.net}, and
 * any descriptor of the user's.
 *
 * <p>To make one of your own, extend this class and put every call that uses the descriptor between
 * {@link #acquire()} and {@link #release()}. Then {@link #close()} is safe at any moment and from
 * any thread: the descriptor goes back to the system when the last call in flight has returned,
 * never under its feet, so no call can ever reach a stranger who was given the same number.
 *
 * <p>A pollable that is closed while it is registered leaves the kernel's set first: a closed
 * descriptor with a live duplicate would keep firing, and nothing could remove it any more.
 */
public abstract class Pollable extends UseCounted implements AutoCloseable {
  private final Platform platform;
  private final int fd;

  final PollerEntry entry = new PollerEntry();

  @GuardedBy("entry")
  private @Nullable Runnable closeAction;

  @GuardedBy("entry")
  private boolean disposed;

  /**
   * Takes ownership of a descriptor.
   *
   * @param platform the platform it belongs to
   * @param fd the descriptor, open and non-blocking
   * @throws IllegalArgumentException if {@code fd} is negative
   */
  protected Pollable(Platform platform, int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("not a descriptor: " + fd);
    }
    this.platform = platform;
    this.fd = fd;
  }

  /** {@return the platform that the descriptor belongs to} Any thread. */
  public final Platform platform() {
    return platform;
  }

  /**
   * {@return the descriptor's number, also after {@link #close()}} It means something only while
   * this is open; do not close it. Any thread.
   */
  public final int fd() {
    return fd;
  }

  /** {@return whether {@link #close()} has not been called yet} Any thread. */
  public final boolean isOpen() {
    return isStillOpen();
  }

  /**
   * {@return whether connections are accepted from this} A loop that shuts down closes such a one
   * first. False unless overridden. Any thread.
   */
  public boolean acceptsConnections() {
    return false;
  }

  /**
   * {@return what this is} It decides what an error that waits means: of a datagram socket nothing
   * is closed by it. {@code OTHER} unless overridden, as for a pipe's end. Any thread.
   */
  public DescriptorKind kind() {
    return DescriptorKind.OTHER;
  }

  /**
   * Begins a call that uses the descriptor. Any thread.
   *
   * @return the descriptor, which stays ours until {@link #release()}
   * @throws ClosedChannelException if this is closed; there is then nothing to release
   */
  protected final int acquire() throws ClosedChannelException {
    if (!enter()) {
      throw new ClosedChannelException();
    }
    return fd;
  }

  /**
   * Ends a call that uses the descriptor, and gives it back to the system if it was closed
   * meanwhile. Any thread.
   */
  protected final void release() {
    exit();
  }

  /**
   * Closes the descriptor, after taking it out of the poller it is registered with. Any thread; a
   * second call does nothing.
   *
   * <p>Returns at once. The system gets the descriptor back when the calls that are in flight on
   * other threads have returned.
   *
   * @throws IllegalStateException if the system says that the descriptor was not open: something
   *     else has closed it
   */
  @Override
  public void close() {
    if (!beginClose()) {
      return;
    }
    try {
      Poller registeredWith;
      synchronized (entry) {
        registeredWith = entry.poller;
      }
      if (registeredWith != null) {
        registeredWith.forget(this);
      }
    } finally {
      exit();
    }
  }

  /**
   * Runs an action when this has been closed and the system has its descriptor back: once, on the
   * thread of the last call in flight, whoever closes it; after the actions that were given before.
   * Any thread. If the system has it already, the action runs at once, here.
   *
   * @param action short, does not block and does not throw
   */
  public final void onClose(Runnable action) {
    synchronized (entry) {
      if (!disposed) {
        Runnable before = closeAction;
        closeAction = before == null ? action : inTurn(before, action);
        return;
      }
    }
    action.run();
  }

  /**
   * Gives the descriptor back to the system. Called exactly once, on the thread of the last call in
   * flight.
   *
   * @param fd the descriptor
   * @return 0 or {@code -errno}
   */
  protected int closeDescriptor(int fd) {
    return platform.sockets().close(fd);
  }

  @Override
  final void dispose() {
    try {
      giveBack();
    } finally {
      runCloseAction();
    }
  }

  private static Runnable inTurn(Runnable first, Runnable second) {
    return () -> {
      try {
        first.run();
      } finally {
        second.run();
      }
    };
  }

  private void runCloseAction() {
    Runnable action;
    synchronized (entry) {
      disposed = true;
      action = closeAction;
      closeAction = null;
    }
    if (action != null) {
      action.run();
    }
  }

  private void giveBack() {
    int result = closeDescriptor(fd);
    // Whatever close(2) returns, the descriptor is gone. EBADF is the one answer that must not
    // pass: our number was closed by someone else, and could by now have been a stranger's.
    if (result == -platform.errnos().number("EBADF")) {
      throw new IllegalStateException(
          "descriptor " + fd + " was closed by something else than its owner: " + this);
    }
  }

  /** {@return class, descriptor, and {@code closed} if it is} Any thread. */
  @Override
  public String toString() {
    return getClass().getSimpleName() + "[fd " + fd + (isOpen() ? "]" : ", closed]");
  }
}
