package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.testing.ChildJvm;
import org.junit.jupiter.api.Test;

class EpollWakerTest {
  /**
   * A thread's first call takes memory for itself, and none that there may be none of. What becomes
   * of a wake-up that fails all the same is in WakerTest (netty#9388).
   */
  @Test
  void aWakeUpNeedsNoDirectMemory() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(WithoutMemory.class).with("-XX:MaxDirectMemorySize=8m").run();
    assertThat(outcome.out()).as("%s", outcome).isEqualTo("refused: nothing\nwoken: true\n");
    assertThat(outcome.exitCode()).isZero();
  }

  /** Wakes on a new thread while all direct memory is taken. */
  static final class WithoutMemory {
    private static final long BOUND_NS = 5_000_000_000L;

    public static void main(String[] arguments) throws Exception {
      try (Poller poller = Poller.open()) {
        var events = new ReadyEvents(4);
        poller.wake();
        poller.poll(events, BOUND_NS);
        var taken = new ArrayList<ByteBuffer>();
        takeAll(taken);
        System.out.println("refused: " + wakeOnANewThread(poller));
        poller.poll(events, BOUND_NS);
        System.out.println("woken: " + events.woken());
        taken.clear();
      }
    }

    private static String wakeOnANewThread(Poller poller) throws InterruptedException {
      var thrown = new AtomicReference<Throwable>();
      Thread waker = Thread.ofPlatform().unstarted(poller::wake);
      waker.setUncaughtExceptionHandler((thread, error) -> thrown.set(error));
      waker.start();
      waker.join();
      Throwable error = thrown.get();
      return error == null ? "nothing" : error.getClass().getSimpleName();
    }

    /** Leaves less than a thread needs. */
    private static void takeAll(List<ByteBuffer> into) {
      for (int bytes : new int[] {1 << 20, 1 << 15, 1 << 10}) {
        try {
          while (true) {
            into.add(ByteBuffer.allocateDirect(bytes));
          }
        } catch (OutOfMemoryError full) {
          // smaller ones may fit
        }
      }
    }
  }
}
