package mill.natives.ffm;

import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import mill.natives.CurrentPlatform;
import mill.natives.Descriptors;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import org.junit.jupiter.api.Test;

class CallMemoryTest {
  private static final int ITERATIONS = 200_000;

  // A capture segment that two threads shared returned the wrong errno 741 times in 4 million
  // calls.
  @Test
  void threadsSeeTheirOwnErrno() throws Exception {
    Sockets sockets = CurrentPlatform.get().sockets();
    int[] pipe = new int[2];
    assertThat(sockets.pipe(pipe)).isZero();
    try {
      var address = new NativeAddress();
      var start = new CyclicBarrier(2);
      FutureTask<Integer> badDescriptor =
          inBackground("EBADF", () -> countOther(start, "EBADF", () -> Descriptors.duplicate(-1)));
      FutureTask<Integer> notASocket =
          inBackground(
              "ENOTSOCK",
              () -> countOther(start, "ENOTSOCK", () -> sockets.localAddress(pipe[0], address)));
      assertThat(outcome(badDescriptor)).as("wrong errors").isZero();
      assertThat(outcome(notASocket)).as("wrong errors").isZero();
    } finally {
      sockets.close(pipe[0]);
      sockets.close(pipe[1]);
    }
  }

  private interface Failing {
    int call();
  }

  private static int countOther(CyclicBarrier start, String name, Failing failing)
      throws Exception {
    int expected = -CurrentPlatform.get().errnos().number(name);
    int others = 0;
    start.await();
    for (int i = 0; i < ITERATIONS; i++) {
      others += failing.call() == expected ? 0 : 1;
    }
    return others;
  }

  @Test
  void threadsHaveTheirOwnMemoryAndKeepIt() throws Exception {
    CallMemory mine = CallMemory.current();
    CallMemory other = outcome(inBackground("asks", CallMemory::current));
    assertThat(CallMemory.current()).isSameAs(mine);
    assertThat(other).isNotSameAs(mine);
    assertThat(other.errnoSegment().address()).isNotEqualTo(mine.errnoSegment().address());
    assertThat(other.scratch().address()).isNotEqualTo(mine.scratch().address());
    assertThat(mine.scratch().byteSize()).isEqualTo(CallMemory.SCRATCH_BYTES);
  }

  @Test
  void resultsThatAreNotNegativePassThrough() {
    CallMemory memory = CallMemory.current();
    assertThat(Descriptors.duplicate(-1))
        .isEqualTo(-CurrentPlatform.get().errnos().number("EBADF"));
    assertThat(memory.orErrno(0)).isZero();
    assertThat(memory.orErrno(7)).isEqualTo(7);
    assertThat(memory.orErrno(1L << 40)).isEqualTo(1L << 40);
    assertThat(memory.orErrno(-1)).isEqualTo(-9);
    assertThat(memory.orErrno(-1L)).isEqualTo(-9L);
  }
}
