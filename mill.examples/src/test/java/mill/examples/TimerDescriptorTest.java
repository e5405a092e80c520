package mill.examples;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicLong;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.RawFd;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A {@code timerfd_create(2)} of one's own on a loop. */
class TimerDescriptorTest {
  private static final int CLOCK_MONOTONIC = 1;
  private static final int TFD_CLOEXEC = 0x80000;
  private static final long INTERVAL_NS = 2_000_000;
  private static final int EXPIRATIONS = 20;

  @BeforeAll
  static void onlyOnLinux() {
    String system = System.getProperty("os.name");
    assumeTrue(system.equals("Linux"), "timerfd is Linux's own, and this is " + system);
  }

  @Test
  void everyExpirationIsCountedAndNoneComesEarly() throws Throwable {
    try (EventLoop loop = EventLoop.open();
        RawFd timer = RawFd.own(create());
        Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_LONG);
      var expired = new AtomicLong();
      loop.register(
          timer,
          Interest.READABLE,
          (registration, readiness) -> {
            int n = timer.read(count, 0, Long.BYTES);
            assertThat(n).isIn(Long.BYTES, IoStatus.WOULD_BLOCK);
            if (n > 0 && expired.addAndGet(count.get(JAVA_LONG, 0)) >= EXPIRATIONS) {
              loop.stop();
            }
          });
      long start = System.nanoTime();
      startEvery(timer, arena);
      loop.run();
      long elapsedNs = System.nanoTime() - start;

      assertThat(elapsedNs / INTERVAL_NS)
          .as("intervals that passed")
          .isGreaterThanOrEqualTo(expired.get());
    }
  }

  private static int create() throws Throwable {
    int fd =
        (int)
            link("timerfd_create", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT))
                .invokeExact(CLOCK_MONOTONIC, TFD_CLOEXEC);
    assertThat(fd).as("timerfd_create").isNotNegative();
    return fd;
  }

  private static void startEvery(RawFd timer, Arena arena) throws Throwable {
    // struct itimerspec: the interval and the first expiration, seconds and nanoseconds of each.
    MemorySegment times = arena.allocate(MemoryLayout.sequenceLayout(4, JAVA_LONG));
    times.setAtIndex(JAVA_LONG, 1, INTERVAL_NS);
    times.setAtIndex(JAVA_LONG, 3, INTERVAL_NS);
    int result =
        (int)
            link(
                    "timerfd_settime",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS))
                .invokeExact(timer.fd(), 0, times, MemorySegment.NULL);
    assertThat(result).as("timerfd_settime").isZero();
  }

  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }
}
