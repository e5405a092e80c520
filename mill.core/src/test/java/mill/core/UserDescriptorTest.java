package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.testing.Await;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Descriptors that the user brings, on a loop. Linux only: the tests find and make descriptors by
 * {@code /proc/self/fd}, without native code.
 */
class UserDescriptorTest {
  private static final EventHandler NOTHING = (registration, readiness) -> {};

  @BeforeAll
  static void onlyWhereProcNamesDescriptors() {
    String system = System.getProperty("os.name");
    assumeTrue(system.equals("Linux"), "/proc/self/fd is Linux's own, and this is " + system);
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void everythingAChildWritesArrivesAndThenItsEnd(DispatchMode dispatch) throws Exception {
    int lines = 20_000; // more than a pipe holds: the child has to wait for the loop
    try (EventLoop loop = EventLoop.open(LoopConfig.builder().dispatch(dispatch).build());
        PipePair pipe = PipePair.open()) {
      Process child =
          start(pipe, "i=0; while [ $i -lt " + lines + " ]; do echo $i; i=$((i+1)); done");
      var output = new Output(pipe.source());
      loop.register(pipe.source(), Interest.READABLE, output);
      LoopRunner runner = LoopRunner.start(loop);
      Await.await(output.ended);
      runner.stopAndJoin();

      assertThat(output.text.toString().lines()).hasSize(lines).first().isEqualTo("0");
      assertThat(output.text).endsWith((lines - 2) + "\n" + (lines - 1) + "\n");
      assertEnds(child, 0);
    }
  }

  @Test
  void aChildThatDiesIsNoticedByTheEndOfItsPipe() throws Exception {
    try (EventLoop loop = EventLoop.open();
        PipePair pipe = PipePair.open()) {
      Process child = start(pipe, "echo ready; exec sleep 1000");
      var output = new Output(pipe.source());
      loop.register(pipe.source(), Interest.READABLE, output);
      LoopRunner runner = LoopRunner.start(loop);
      Await.await(output.begun);
      assertThat(Await.happensInAMoment(output.ended)).as("it still lives").isFalse();
      child.destroyForcibly();
      Await.await(output.ended);
      runner.stopAndJoin();
      assertThat(output.text).hasToString("ready\n");
      assertEnds(child, 128 + 9);
    }
  }

  @Test
  void aBorrowedDescriptorIsNotClosedByTheLoop() throws Exception {
    try (PipePair pipe = PipePair.open()) {
      RawFd borrowed = RawFd.borrow(pipe.source().fd());
      try (EventLoop loop = EventLoop.open()) {
        loop.register(borrowed, Interest.READABLE, NOTHING);
      }
      assertThat(borrowed.isOpen()).isFalse();
      assertThat(pipe.source().isOpen()).isTrue();
      assertPasses(pipe);
    }
  }

  @Test
  void aBorrowedDescriptorMayBeBorrowedAgainAfterwards() throws Exception {
    try (PipePair pipe = PipePair.open();
        EventLoop loop = EventLoop.open()) {
      for (int i = 0; i < 3; i++) {
        try (RawFd borrowed = RawFd.borrow(pipe.source().fd())) {
          loop.register(borrowed, Interest.READABLE, NOTHING);
        }
        assertThat(loop.toString()).contains("0 registrations");
      }
      assertPasses(pipe);
    }
  }

  // The number of the closed descriptor goes to whoever opens the next one: a second close would
  // hit that.
  @Test
  void anOwnedDescriptorIsClosedExactlyOnce() throws Exception {
    PipePair pipe = PipePair.open();
    RawFd owned = RawFd.own(pipe.sink().fd()); // from here on the sink is nobody else's
    EventLoop loop = EventLoop.open();
    try (RawFd source = pipe.source();
        Arena arena = Arena.ofConfined()) {
      Registration registration = loop.register(owned, Interest.WRITABLE, NOTHING);
      assertThat(source.read(arena.allocate(1), 0, 1)).isEqualTo(IoStatus.WOULD_BLOCK);
      registration.close();
      assertThat(source.read(arena.allocate(1), 0, 1)).isEqualTo(IoStatus.END_OF_STREAM);
      try (PipePair next = PipePair.open()) {
        registration.close();
        owned.close();
        loop.close();
        assertPasses(next);
      }
    } finally {
      loop.close();
    }
  }

  @Test
  void aPlainFileIsRefusedAndLeavesNothingBehind(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("plain");
    try (EventLoop loop = EventLoop.open();
        var file = Files.newByteChannel(Files.createFile(path));
        RawFd borrowed = RawFd.borrow(numberOf(path))) {
      assertThatThrownBy(() -> loop.register(borrowed, Interest.READABLE, NOTHING))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPERM"))
          .hasMessageContaining("EPERM");
      assertThat(loop.toString()).contains("0 registrations");
      assertThat(borrowed.isOpen()).isTrue();
      assertThat(file.isOpen()).isTrue();
    }
  }

  /** Collects what a pipe says. */
  private static final class Output implements EventHandler {
    private final MemorySegment buffer = Arena.ofAuto().allocate(4096);
    private final RawFd source;
    private final StringBuilder text = new StringBuilder();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    Output(RawFd source) {
      this.source = source;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      int n = source.read(buffer, 0, buffer.byteSize());
      if (n > 0) {
        byte[] bytes = buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
        text.append(new String(bytes, StandardCharsets.US_ASCII));
        begun.countDown();
      } else if (n == IoStatus.END_OF_STREAM) {
        registration.close();
        ended.countDown();
      }
    }
  }

  /** Starts a shell whose stdout is a pipe of ours, and leaves the writing end to it alone. */
  private static Process start(PipePair pipe, String script) throws IOException {
    Process child =
        new ProcessBuilder("/bin/sh", "-c", script)
            .redirectOutput(new File("/proc/self/fd/" + pipe.sink().fd()))
            .start();
    pipe.sink().close();
    return child;
  }

  private static void assertEnds(Process child, int exitCode) throws InterruptedException {
    assertThat(child.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(exitCode);
  }

  private static void assertPasses(PipePair pipe) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(8);
      assertThat(pipe.sink().write(bytes, 0, 3)).isEqualTo(3);
      assertThat(pipe.source().read(bytes, 0, 8)).isEqualTo(3);
    }
  }

  private static int numberOf(Path path) throws IOException {
    Path target = path.toRealPath();
    for (String number : new File("/proc/self/fd").list()) {
      if (target.equals(nameOf(number))) {
        return Integer.parseInt(number);
      }
    }
    throw new AssertionError("no descriptor of " + path);
  }

  private static Path nameOf(String number) throws IOException {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", number));
    } catch (NoSuchFileException e) {
      return null; // closed since it was listed: not ours
    }
  }
}
