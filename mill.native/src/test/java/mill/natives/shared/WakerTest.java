package mill.natives.shared;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import mill.natives.platform.Errnos;
import org.junit.jupiter.api.Test;

/** What holds for the waker of every backend, over a signal that a test scripts. */
class WakerTest {
  private static final Errnos ERRNOS =
      new Errnos(Map.of("EAGAIN", 11, "EINTR", 4, "EINPROGRESS", 115, "ENOTCONN", 107));

  private final AtomicInteger signals = new AtomicInteger();
  private volatile boolean inFlight;
  private IntSupplier outcome = () -> 0;

  private final Waker waker =
      new Waker(ERRNOS, "signal") {
        @Override
        protected int signal() {
          signals.incrementAndGet();
          int result = outcome.getAsInt();
          inFlight = true;
          return result;
        }
      };

  @Test
  void manyWakeUpsAreOneSignalUntilItWasSeen() {
    for (int i = 0; i < 10; i++) {
      waker.wake();
    }
    assertEquals(1, signals.get());
    waker.seen();
    waker.wake();
    assertEquals(2, signals.get());
  }

  @Test
  void aSignalThatFailedIsToldByNameAndTriedAgain() {
    outcome = () -> -11;
    var failed = assertThrows(IllegalStateException.class, waker::wake);
    assertEquals("signal: EAGAIN (errno 11)", failed.getCause().getMessage());
    assertSignalsAgain();
  }

  @Test
  void aSignalThatThrewAnErrorIsTriedAgain() {
    var full = new OutOfMemoryError("no direct memory");
    outcome =
        () -> {
          throw full;
        };
    assertSame(full, assertThrows(OutOfMemoryError.class, waker::wake));
    assertSignalsAgain();
  }

  /** The signal takes more stack than all before it, so that is where the stack ends. */
  @Test
  void aWakeUpThatRanOutOfStackIsTriedAgain() throws InterruptedException {
    outcome = () -> useStack(100);
    wakeEverDeeper(Integer.MAX_VALUE);
    for (int i = 0; i < 50; i++) {
      Runnable recursion = () -> assertThrows(StackOverflowError.class, () -> wakeEverDeeper(0));
      var thread = new Thread(null, recursion, "deep", 256 * 1024L + i * 4096L);
      thread.start();
      thread.join();
      waker.wake();
      assertTrue(inFlight, "the flag is up, and no signal is on its way");
      waker.seen();
      inFlight = false;
    }
  }

  private static int useStack(int frames) {
    return frames == 0 ? 0 : useStack(frames - 1);
  }

  private void wakeEverDeeper(int depth) {
    waker.wake();
    waker.seen();
    inFlight = false;
    if (depth < Integer.MAX_VALUE) {
      wakeEverDeeper(depth + 1);
    }
  }

  @Test
  void aClosedWakerSignalsNoMore() {
    waker.close();
    waker.wake();
    waker.wake();
    assertEquals(0, signals.get());
  }

  @Test
  void closingWaitsForTheSignalThatIsUnderWay() throws Exception {
    var closer = new Thread(waker::close, "closes");
    outcome =
        () -> {
          closer.start();
          while (closer.getState() != Thread.State.BLOCKED) {
            assertTrue(closer.isAlive(), "it was closed under the signal");
            Thread.onSpinWait();
          }
          return 0;
        };
    waker.wake();
    closer.join();
  }

  private void assertSignalsAgain() {
    int before = signals.get();
    outcome = () -> 0;
    waker.wake();
    assertEquals(before + 1, signals.get(), "the flag is still up");
    waker.seen();
  }
}
