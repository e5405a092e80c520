package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;

/**
 * A real loop over a fake platform, {@link FakePlatform}. Closing it checks that nothing was left
 * behind and no rule of the kernel broken.
 */
public final class FakeLoop implements AutoCloseable {
  private static final long VIRTUAL_TO_WRAP_NS = 1_000_000;

  public final FakePlatform platform;
  public final EventLoop loop;
  private LoopRunner runner;
  private boolean failureExpected;

  private FakeLoop(LoopConfig.Builder config, boolean virtualTime) throws IOException {
    platform = new FakePlatform();
    if (virtualTime) {
      platform.virtualTime(Long.MAX_VALUE - VIRTUAL_TO_WRAP_NS);
    }
    loop = EventLoop.open(config.platform(platform).build());
  }

  public static FakeLoop open() throws IOException {
    return open(DispatchMode.INLINE);
  }

  public static FakeLoop open(DispatchMode dispatch) throws IOException {
    return open(LoopConfig.builder().dispatch(dispatch).workers(4));
  }

  public static FakeLoop open(LoopConfig.Builder config) throws IOException {
    return new FakeLoop(config, false);
  }

  /** A loop whose clock moves only by {@link #advance}, and soon overflows. */
  public static FakeLoop openVirtual(LoopConfig.Builder config) throws IOException {
    return new FakeLoop(config, true);
  }

  /** Moves the virtual clock and waits until the loop sleeps again. */
  public void advance(long ns) {
    platform.advance(ns);
    settle();
  }

  /** Runs the loop, and returns when it does. */
  public FakeLoop start() {
    runner = LoopRunner.start(loop);
    poller().awaitPolls(1);
    return this;
  }

  public FakePoller poller() {
    return platform.poller();
  }

  public LoopRunner runner() {
    return runner;
  }

  public void stopAndJoin() throws Exception {
    runner.stopAndJoin();
  }

  /**
   * Waits until the loop's thread has done all that was given to it so far, and sleeps; so does the
   * worker that polls, if one does.
   */
  public void settle() {
    if (loop.config().dispatch() == DispatchMode.WORKERS) {
      platform.sleep().awaitAsleep(poller()::rests);
    } else {
      poller().awaitAsleep();
    }
  }

  /** How long the loop's thread still sleeps in virtual time; negative for without end. */
  public long sleepNs() {
    return loop.config().dispatch() == DispatchMode.WORKERS
        ? platform.sleep().sleepNs()
        : poller().sleepNs();
  }

  /**
   * Takes what reached the uncaught-exception handler; whatever is left there fails {@link
   * #close()}.
   */
  public List<Throwable> takeUncaught() {
    List<Throwable> taken = List.copyOf(runner.uncaught());
    runner.uncaught().clear();
    return taken;
  }

  /** Waits until {@code run} has thrown. */
  public Throwable awaitFailure() {
    failureExpected = true;
    try {
      runner.join();
    } catch (Exception e) {
      return e;
    }
    throw new AssertionError("run returned");
  }

  @Override
  public void close() throws IOException {
    loop.close();
    if (runner != null) {
      if (!failureExpected) {
        joinRunner();
      }
      assertThat(runner.uncaught()).isEmpty();
    }
    assertThat(platform.violations()).isEmpty();
    assertThat(platform.allPollersClosed()).isTrue();
  }

  private void joinRunner() throws IOException {
    try {
      runner.join();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
