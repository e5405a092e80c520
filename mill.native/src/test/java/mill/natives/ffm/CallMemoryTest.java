package mill.natives.ffm;

import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.LongAdder;
import mill.natives.CurrentPlatform;
import mill.natives.Descriptors;
import mill.natives.net.PipePair;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.testing.Await;
import mill.testing.ChildJvm;
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
  void platformThreadsHaveTheirOwnMemoryAndKeepIt() throws Exception {
    CallMemory mine = CallMemory.acquire();
    mine.release();
    CallMemory other = outcome(inBackground("asks", CallMemory::acquire));
    assertThat(CallMemory.acquire()).isSameAs(mine);
    assertThat(other).isNotSameAs(mine);
    assertThat(other.errnoSegment().address()).isNotEqualTo(mine.errnoSegment().address());
    assertThat(other.scratch().address()).isNotEqualTo(mine.scratch().address());
    assertThat(mine.scratch().byteSize()).isEqualTo(CallMemory.SCRATCH_BYTES);
  }

  @Test
  void memoryOfAThreadThatHasEndedIsAnothers() throws Exception {
    int before = CallMemory.made();
    for (int i = 0; i < 200; i++) {
      Thread thread = Thread.ofPlatform().start(() -> CallMemory.acquire().release());
      thread.join();
    }
    // Tests beside this one have threads of their own.
    assertThat(CallMemory.made() - before).isLessThan(100);
  }

  // netty#12848: a million short ones left 2.9 GB.
  @Test
  void virtualThreadsShareMemoryOneAfterTheOther() throws Exception {
    int before = CallMemory.made();
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 20_000; i++) {
        each.execute(() -> Descriptors.duplicate(-1));
      }
    }
    assertThat(CallMemory.made() - before).isLessThan(CallMemory.IDLE_SLOTS + 100);
  }

  @Test
  void callsOfAVirtualThreadThatAreUnderWayHaveMemoryOfTheirOwn() throws Exception {
    FutureTask<Integer> inner =
        new FutureTask<>(() -> {
          var held = new HashSet<Long>();
          var memories = new ArrayList<CallMemory>();
          for (int i = 0; i < 2 * CallMemory.IDLE_SLOTS; i++) {
            CallMemory memory = CallMemory.acquire();
            memories.add(memory);
            held.add(memory.scratch().address());
          }
          int before = CallMemory.made();
          memories.forEach(CallMemory::release);
          for (int i = 0; i < memories.size(); i++) {
            memories.set(i, CallMemory.acquire());
          }
          memories.forEach(CallMemory::release);
          assertThat(CallMemory.made() - before).as("what was given back is found").isLessThan(50);
          return held.size();
        });
    Thread.ofVirtual().start(inner);
    assertThat(outcome(inner)).isEqualTo(2 * CallMemory.IDLE_SLOTS);
  }

  @Test
  void virtualThreadsSeeTheirOwnErrno() throws Exception {
    Sockets sockets = CurrentPlatform.get().sockets();
    int[] pipe = new int[2];
    assertThat(sockets.pipe(pipe)).isZero();
    int badDescriptor = -CurrentPlatform.get().errnos().number("EBADF");
    int notASocket = -CurrentPlatform.get().errnos().number("ENOTSOCK");
    var others = new LongAdder();
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 2_000; i++) {
        each.execute(() -> {
          for (int call = 0; call < 20; call++) {
            int[] length = new int[1];
            others.add(Descriptors.duplicate(-1) == badDescriptor ? 0 : 1);
            others.add(sockets.getLinger(pipe[0], length) == notASocket ? 0 : 1);
          }
        });
      }
    } finally {
      sockets.close(pipe[0]);
      sockets.close(pipe[1]);
    }
    assertThat(others.sum()).as("wrong errors").isZero();
  }

  // netty#2483: what a container's thread keeps for an application keeps all of it.
  @Test
  void aThreadThatHasMadeCallsKeepsNoClassLoader() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(OwnLoader.class).with("--enable-native-access=ALL-UNNAMED").working().run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("collected");
  }

  /** Uses mill in a class loader of its own, on a thread that stays. */
  static final class OwnLoader {
    public static void main(String[] arguments) throws Exception {
      try (ExecutorService container = Executors.newSingleThreadExecutor()) {
        WeakReference<ClassLoader> loader = deployAndUndeploy(container);
        long start = System.nanoTime();
        while (loader.get() != null) {
          Await.requirePatience(start, "the loader is collected");
          System.gc();
        }
      }
      System.out.println("collected");
    }

    private static WeakReference<ClassLoader> deployAndUndeploy(ExecutorService container)
        throws Exception {
      Module module = CallMemory.class.getModule();
      var reference =
          module.getLayer().configuration().findModule(module.getName()).orElseThrow().reference();
      URL classes = reference.location().orElseThrow().toURL();
      // Without a parent: the platform's loader knows the module that is tested.
      try (var app = new URLClassLoader(new URL[] {classes}, null)) {
        Class<?> pipe = app.loadClass(PipePair.class.getName());
        Callable<Object> calls =
            () -> {
              Object opened = pipe.getMethod("open").invoke(null);
              return pipe.getMethod("close").invoke(opened);
            };
        container.submit(calls).get();
        var virtual = new FutureTask<>(calls);
        Thread.ofVirtual().start(virtual);
        virtual.get();
        return new WeakReference<>(app);
      }
    }
  }

  @Test
  void callsNeedNoDirectMemory() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.of(NoDirectMemory.class).with("-XX:MaxDirectMemorySize=1m").working().run();
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
    assertThat(outcome.out()).contains("called by platform and virtual threads");
  }

  /** Makes calls on new threads when there is no direct memory left. */
  static final class NoDirectMemory {
    public static void main(String[] arguments) throws Exception {
      List<ByteBuffer> all = new ArrayList<>();
      CurrentPlatform.get();
      Descriptors.duplicate(-1);
      boolean left = true;
      while (left) {
        try {
          all.add(ByteBuffer.allocateDirect(all.size() < 15 ? 1 << 16 : 1));
        } catch (OutOfMemoryError e) {
          left = false;
        }
      }
      for (boolean virtual : new boolean[] {false, true}) {
        var call = new FutureTask<>(() -> Descriptors.duplicate(-1));
        Thread.Builder threads = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
        threads.start(call);
        call.get();
      }
      System.out.println("called by platform and virtual threads");
    }
  }

  @Test
  void resultsThatAreNotNegativePassThrough() {
    CallMemory memory = CallMemory.acquire();
    assertThat(Descriptors.duplicate(-1))
        .isEqualTo(-CurrentPlatform.get().errnos().number("EBADF"));
    assertThat(memory.orErrno(0)).isZero();
    assertThat(memory.orErrno(7)).isEqualTo(7);
    assertThat(memory.orErrno(1L << 40)).isEqualTo(1L << 40);
    assertThat(memory.orErrno(-1)).isEqualTo(-9);
    assertThat(memory.orErrno(-1L)).isEqualTo(-9L);
  }
}
