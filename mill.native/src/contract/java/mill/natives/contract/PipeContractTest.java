package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import org.junit.jupiter.api.Test;

/** What pipes and borrowed descriptors promise. */
class PipeContractTest extends PlatformContract {
  private PipePair pipe() throws IOException {
    return closing(PipePair.open(platform()));
  }

  @Test
  void whatIsWrittenComesOut() throws IOException {
    PipePair pipe = pipe();
    MemorySegment buffer = arena.allocate(8);
    assertEquals(IoStatus.WOULD_BLOCK, pipe.source().read(buffer, 0, 8));
    poller.register(pipe.source(), 1, Interest.READABLE, Trigger.LEVEL);
    assertQuiet(1);
    assertEquals(3, pipe.sink().write(bytes("abc"), 0, 3));
    await(1, Readiness.READABLE);
    assertEquals(3, pipe.source().read(buffer, 0, 8));
    assertEquals("abc", text(buffer, 3));
    assertQuiet(1);
  }

  @Test
  void aClosedSinkIsTheEndOfTheStream() throws IOException {
    PipePair pipe = pipe();
    poller.register(pipe.source(), 1, Interest.READABLE, Trigger.LEVEL);
    pipe.sink().write(bytes("x"), 0, 1);
    pipe.sink().close();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    MemorySegment buffer = arena.allocate(8);
    assertEquals(1, pipe.source().read(buffer, 0, 8));
    assertEquals(IoStatus.END_OF_STREAM, pipe.source().read(buffer, 0, 8));
  }

  @Test
  void aClosedSourceBreaksTheSink() throws IOException {
    PipePair pipe = pipe();
    poller.register(pipe.sink(), 1, Interest.WRITABLE, Trigger.LEVEL);
    pipe.source().close();
    await(1, Readiness.WRITABLE | Readiness.WRITE_CLOSED);
    assertEquals("EPIPE", errorOf(() -> pipe.sink().write(bytes("x"), 0, 1)));
  }

  @Test
  void aFullPipeIsWritableAgainWhenItWasRead() throws IOException {
    PipePair pipe = pipe();
    poller.register(pipe.sink(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    MemorySegment chunk = arena.allocate(4096);
    long taken = 0;
    int written;
    while ((written = pipe.sink().write(chunk, 0, chunk.byteSize())) != IoStatus.WOULD_BLOCK) {
      taken += written;
    }
    assertQuiet(1);
    while (taken > 0) {
      int read = pipe.source().read(chunk, 0, chunk.byteSize());
      assertTrue(read > 0);
      taken -= read;
    }
    await(1, Readiness.WRITABLE);
  }

  @Test
  void aBorrowedDescriptorStaysOpen() throws IOException {
    PipePair pipe = pipe();
    RawFd borrowed = RawFd.borrow(platform(), pipe.source().fd());
    poller.register(borrowed, 1, Interest.READABLE, Trigger.LEVEL);
    pipe.sink().write(bytes("x"), 0, 1);
    await(1, Readiness.READABLE);
    borrowed.close();
    assertQuiet(1);
    assertThrows(ClosedChannelException.class, () -> borrowed.read(arena.allocate(1), 0, 1));
    assertEquals(1, pipe.source().read(arena.allocate(1), 0, 1));
  }

  @Test
  void aNumberThatIsNotOpenIsRefused() throws IOException {
    PipePair pipe = pipe();
    int fd = pipe.source().fd();
    pipe.close();
    assertEquals("EBADF", errorOf(() -> RawFd.borrow(platform(), fd)));
  }
}
