package mill.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.internal.loop.LoopExtension;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever comes as a loop has found nothing to do, and is about to sleep, is not overlooked. */
class FallingAsleepTest {
  /** Brings something when the loop first asks whether there is any work. */
  private static final class Bringing implements LoopExtension {
    private final AtomicReference<Runnable> bring;

    Bringing(Runnable bring) {
      this.bring = new AtomicReference<>(bring);
    }

    @Override
    public boolean hasWork() {
      Runnable first = bring.getAndSet(null);
      if (first != null) {
        CompletableFuture.runAsync(first).join();
      }
      return false;
    }

    @Override
    public boolean isDone() {
      return true;
    }

    @Override
    public void afterEvents() {
      // Nothing of its own.
    }

    @Override
    public boolean endOfTurn() {
      return false;
    }

    @Override
    public void listenersEnd() {
      // No listeners.
    }

    @Override
    public void shutDown() {
      // Nobody to tell.
    }

    @Override
    public void turnsEnd() {
      // Nothing to give up.
    }

    @Override
    public void loopEnds() {
      // Nothing to close.
    }

    @Override
    public void released() {
      // Nothing to give back.
    }
  }

  private interface What {
    void bring(EventLoop loop, CountDownLatch seen);
  }

  private static void isSeen(DispatchMode dispatch, What what) throws Exception {
    var seen = new CountDownLatch(1);
    try (var loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).build())) {
      loop.reactor().extension(() -> new Bringing(() -> what.bring(loop, seen)));
      LoopRunner.start(loop);
      Await.await(seen);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void task(DispatchMode dispatch) throws Exception {
    isSeen(dispatch, (loop, seen) -> loop.execute(seen::countDown));
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void timer(DispatchMode dispatch) throws Exception {
    isSeen(dispatch, (loop, seen) -> loop.schedule(Duration.ZERO, seen::countDown));
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void resultOfOffloadedWork(DispatchMode dispatch) throws Exception {
    isSeen(
        dispatch,
        (loop, seen) -> {
          var _ = loop.offload(Runnable::run, () -> 1).thenRun(seen::countDown);
        });
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void shutdown(DispatchMode dispatch) throws Exception {
    isSeen(
        dispatch,
        (loop, seen) -> {
          var _ = loop.shutdown(Duration.ofHours(1)).thenRun(seen::countDown);
        });
  }

  @Test
  void stop() throws Exception {
    try (var loop = EventLoop.open()) {
      loop.reactor().extension(() -> new Bringing(loop::stop));
      LoopRunner.start(loop).join();
    }
  }
}
