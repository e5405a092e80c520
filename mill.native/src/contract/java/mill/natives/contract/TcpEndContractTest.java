package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;
import org.junit.jupiter.api.Test;

/** What is promised of the ends of a connection: half-closes, closes and resets. */
class TcpEndContractTest extends PlatformContract {
  private static final Set<String> BROKEN = Set.of("EPIPE", "ECONNRESET", "ECONNABORTED");

  @Test
  void aHalfCloseIsReportedAsTheEndOfReading() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    connection.client().shutdownWrite();
    int bits = await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    assertEquals(0, bits & (Readiness.ERROR | Readiness.WRITE_CLOSED));
    assertEquals(IoStatus.END_OF_STREAM, connection.server().read(arena.allocate(8)));
  }

  @Test
  void aHalfCloseLeavesTheOtherDirectionOpen() throws IOException {
    Connection connection = connection();
    connection.client().shutdownWrite();
    readToEnd(connection.server());
    send(connection.server(), "still open");
    assertEquals("still open", receive(connection.client(), 10));
  }

  @Test
  void whatWasSentBeforeAHalfCloseIsReadBeforeItsEnd() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    send(connection.client(), "unread");
    connection.client().shutdownWrite();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    assertTrue(connection.server().isOpen(), "nobody closed it but its owner may");
    assertEquals("unread", receive(connection.server(), 6));
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    assertEquals(IoStatus.END_OF_STREAM, connection.server().read(arena.allocate(8)));
  }

  @Test
  void aLevelEndOfStreamIsReportedUntilReadingIsNotAskedForAnyMore() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    connection.client().shutdownWrite();
    for (int i = 0; i < 3; i++) {
      await(1, Readiness.READABLE);
      assertEquals(IoStatus.END_OF_STREAM, connection.server().read(arena.allocate(8)));
    }
    poller.change(connection.server(), Interest.NONE, Trigger.LEVEL);
    assertQuiet(1);
  }

  @Test
  void aHalfCloseIsNoNewsToAWriter() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    fillUntilQuiet(connection.server(), 1);
    connection.client().shutdownWrite();
    assertQuiet(1);
  }

  @Test
  void aCloseIsReportedAsTheEndOfReading() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    connection.client().close();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    assertEquals(IoStatus.END_OF_STREAM, connection.server().read(arena.allocate(8)));
  }

  @Test
  void writingToAPeerThatIsGoneFailsAndRaisesNoSignal() throws IOException {
    Connection connection = connection();
    connection.client().close();
    assertTrue(BROKEN.contains(writeUntilItFails(connection.server())));
    assertTrue(BROKEN.contains(writeUntilItFails(connection.server())), "it stays so");
  }

  @Test
  void writingAfterOnesOwnHalfCloseFails() throws IOException {
    Connection connection = connection();
    connection.server().shutdownWrite();
    assertEquals("EPIPE", errorOf(() -> connection.server().write(bytes("x"))));
  }

  @Test
  void readingAfterOnesOwnShutdownIsTheEndOfTheStream() throws IOException {
    Connection connection = connection();
    connection.server().shutdownRead();
    assertEquals(IoStatus.END_OF_STREAM, connection.server().read(arena.allocate(8)));
  }

  @Test
  void whenBothHalvesAreClosedBothAreReported() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    connection.server().shutdownWrite();
    readToEnd(connection.client());
    connection.client().shutdownWrite();
    await(
        1,
        Readiness.READABLE | Readiness.WRITABLE | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED);
  }

  @Test
  void aResetIsReportedToAReader() throws IOException {
    resetIsReported(Interest.READABLE, Trigger.LEVEL);
  }

  @Test
  void aResetIsReportedToAnEdgeTriggeredReader() throws IOException {
    resetIsReported(Interest.READABLE, Trigger.EDGE);
  }

  @Test
  void aResetIsReportedToAOneShotReader() throws IOException {
    resetIsReported(Interest.READABLE, Trigger.ONESHOT);
  }

  @Test
  void aResetIsReportedToAWriter() throws IOException {
    resetIsReported(Interest.WRITABLE, Trigger.LEVEL);
  }

  @Test
  void aResetIsReportedToAnEdgeTriggeredWriter() throws IOException {
    resetIsReported(Interest.WRITABLE, Trigger.EDGE);
  }

  private void resetIsReported(Interest interest, Trigger trigger) throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, interest, trigger);
    reset(connection.client());
    // Whoever asks for one direction learns of the end of both.
    await(1, Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR);
    assertEquals("ECONNRESET", errorOf(() -> connection.server().read(arena.allocate(8))));
  }

  @Test
  void aResetIsReportedToAWriterWithoutRoom() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    fillUntilQuiet(connection.server(), 1);
    reset(connection.client());
    await(1, Readiness.WRITABLE | Readiness.ERROR);
    assertTrue(BROKEN.contains(writeUntilItFails(connection.server())));
  }

  // Who reads no more for a while, since what was read has nowhere to go.
  @Test
  void aPausedReaderThatAsksForTheEdgesOfRoomHearsNoDataButAReset() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    send(connection.client(), "unread");
    await(1, Readiness.READABLE);
    poller.change(connection.server(), Interest.WRITABLE, Trigger.EDGE);
    await(1, Readiness.WRITABLE);
    assertQuiet(1);
    send(connection.client(), "unread too");
    assertQuiet(1);
    reset(connection.client());
    await(1, Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR);
  }

  @Test
  void aResetAfterTheEndOfTheStreamIsStillReported() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    connection.client().shutdownWrite();
    await(1, Readiness.READ_CLOSED);
    poller.change(connection.server(), Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    send(connection.server(), "never read");
    reset(connection.client());
    await(1, Readiness.WRITABLE | Readiness.WRITE_CLOSED);
    assertTrue(BROKEN.contains(writeUntilItFails(connection.server())));
  }

  @Test
  void closingWithUnreadBytesResetsThePeer() throws IOException {
    Connection connection = connection();
    send(connection.server(), "unread");
    waitOnce(connection.client(), Interest.READABLE);
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    connection.client().close();
    await(1, Readiness.READABLE | Readiness.ERROR);
    assertEquals("ECONNRESET", errorOf(() -> connection.server().read(arena.allocate(8))));
  }

  private String writeUntilItFails(TcpStream stream) {
    MemorySegment some = arena.allocate(16);
    long deadline = platform().nanoTime() + BOUND_NS;
    while (true) {
      try {
        stream.write(some);
      } catch (ErrnoException e) {
        return e.errnoName();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      assertTrue(platform().nanoTime() < deadline, "the kernel takes bytes for nobody");
    }
  }
}
