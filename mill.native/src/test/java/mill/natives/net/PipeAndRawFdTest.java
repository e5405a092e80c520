package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import mill.natives.CurrentPlatform;
import mill.natives.Descriptors;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.platform.Sockets;
import mill.testing.ChildJvm;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;

class PipeAndRawFdTest {
  private static final Sockets SOCKETS = CurrentPlatform.get().sockets();

  @Test
  void bytesComeOutInOrderAndThenTheEnd() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16);
      assertThat(pipe.source().read(buffer, 0, 16)).isEqualTo(IoStatus.WOULD_BLOCK);
      assertThat(pipe.sink().write(Net.utf8(arena, "0123456789"), 2, 6)).isEqualTo(6);
      assertThat(pipe.source().read(buffer, 0, 0)).isZero();
      assertThat(pipe.source().read(buffer, 4, 4)).isEqualTo(4);
      assertThat(Net.text(buffer.asSlice(4), 4)).isEqualTo("2345");
      pipe.sink().close();
      assertThat(pipe.source().read(buffer, 0, 16)).isEqualTo(2);
      assertThat(pipe.source().read(buffer, 0, 16)).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void writingWithoutAReaderIsEpipe() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined()) {
      pipe.source().close();
      assertThatThrownBy(() -> pipe.sink().write(arena.allocate(1), 0, 1))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPIPE"))
          .hasMessage("write: EPIPE (errno 32)");
    }
  }

  @Test
  void fullPipeWouldBlockUntilItIsRead() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined();
        Watch watch = Watch.open()) {
      MemorySegment block = arena.allocate(64 << 10);
      while (pipe.sink().write(block, 0, block.byteSize()) != IoStatus.WOULD_BLOCK) {
        assertThat(pipe.sink().isOpen()).isTrue();
      }
      watch.register(pipe.sink(), 1, Interest.WRITABLE);
      assertThat(watch.inAMoment()).isEmpty();
      while (pipe.source().read(block, 0, block.byteSize()) != IoStatus.WOULD_BLOCK) {
        assertThat(pipe.source().isOpen()).isTrue();
      }
      watch.await(1, Readiness.WRITABLE);
    }
  }

  @Test
  void closedEndRefusesEverything() throws IOException {
    PipePair pipe = PipePair.open();
    pipe.close();
    pipe.close();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1);
      assertThatThrownBy(() -> pipe.source().read(buffer, 0, 1))
          .isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> pipe.sink().write(buffer, 0, 1))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void wrongEndIsRefusedByTheKernel() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1);
      assertThatThrownBy(() -> pipe.source().write(buffer, 0, 1))
          .hasMessage("write: EBADF (errno 9)");
      assertThatThrownBy(() -> pipe.sink().read(buffer, 0, 1)).hasMessage("read: EBADF (errno 9)");
    }
  }

  @Test
  void ownedDescriptorIsClosed() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined()) {
      RawFd owned = RawFd.own(Descriptors.duplicate(pipe.sink().fd()));
      pipe.sink().close();
      assertThat(owned.write(arena.allocate(1), 0, 1)).isEqualTo(1);
      assertThat(pipe.source().read(arena.allocate(1), 0, 1)).isEqualTo(1);
      owned.close();
      assertThat(pipe.source().read(arena.allocate(1), 0, 1))
          .as("the last writer is gone")
          .isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void borrowedDescriptorStaysOpenAndLeavesThePoller() throws IOException {
    try (PipePair pipe = PipePair.open();
        Arena arena = Arena.ofConfined();
        Watch watch = Watch.open()) {
      RawFd borrowed = RawFd.borrow(pipe.sink().fd());
      watch.register(borrowed, 9, Interest.WRITABLE);
      assertThat(watch.now()).containsExactly(9L);
      borrowed.close();
      assertThat(watch.now()).isEmpty();
      assertThatThrownBy(() -> borrowed.write(arena.allocate(1), 0, 1))
          .isInstanceOf(ClosedChannelException.class);
      assertThat(pipe.sink().write(arena.allocate(1), 0, 1)).isEqualTo(1);
    }
  }

  // bun#33827: the shell's next program would have lost data.
  @Test
  void borrowedDescriptorIsBlockingAgainIfItWas() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      int fd = pipe.source().fd();
      SOCKETS.setNonBlocking(fd, false);
      RawFd borrowed = RawFd.borrow(fd);
      assertThat(SOCKETS.setNonBlocking(fd, true)).isEqualTo(1);
      borrowed.close();
      assertThat(SOCKETS.setNonBlocking(fd, true)).isZero();
      RawFd.borrow(fd).close();
      assertThat(SOCKETS.setNonBlocking(fd, true)).as("and stays as it was").isEqualTo(1);
    }
  }

  // Standard input and output of a terminal are one open file.
  @Test
  void openFileStaysNonBlockingUntilItsLastBorrowedDescriptorIsClosed() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      int fd = pipe.source().fd();
      int duplicate = Descriptors.duplicate(fd);
      SOCKETS.setNonBlocking(fd, false);
      RawFd one = RawFd.borrow(fd);
      RawFd two = RawFd.borrow(duplicate);
      one.close();
      assertThat(SOCKETS.setNonBlocking(duplicate, true)).isEqualTo(1);
      two.close();
      assertThat(SOCKETS.setNonBlocking(fd, false)).isZero();
      SOCKETS.close(duplicate);
    }
  }

  @Test
  void borrowedDescriptorMayBeClosedByItsOwnerFirst() throws IOException {
    PipePair pipe = PipePair.open();
    SOCKETS.setNonBlocking(pipe.source().fd(), false);
    RawFd borrowed = RawFd.borrow(pipe.source().fd());
    pipe.close();
    borrowed.close();
    assertThat(borrowed.isOpen()).isFalse();
  }

  @Test
  void descriptorThatIsNotOpenIsRefused() {
    assertThatThrownBy(() -> RawFd.own(987_654)).hasMessage("fcntl(987654): EBADF (errno 9)");
    assertThatThrownBy(() -> RawFd.borrow(987_654)).hasMessage("fcntl(987654): EBADF (errno 9)");
    assertThatThrownBy(() -> RawFd.borrow(-3)).hasMessageContaining("not a descriptor: -3");
  }

  @Test
  void descriptorClosedBehindItsOwnersBackIsSaid() throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.of(ClosedTwice.class).run();
    assertThat(outcome.out()).as("%s", outcome).contains("was closed by something else");
  }

  /** Closes a number twice, which must not happen where other tests open descriptors. */
  static final class ClosedTwice {
    public static void main(String[] arguments) throws IOException {
      PipePair pipe = PipePair.open();
      CurrentPlatform.get().sockets().close(pipe.source().fd());
      try {
        pipe.close();
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
