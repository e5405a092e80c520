package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.TcpStream;
import org.junit.jupiter.api.Test;

/** What is promised of closing what is registered: no event of the dead, no event lost. */
class CloseContractTest extends PlatformContract {
  private static final List<Trigger> TRIGGERS = List.of(Trigger.values());

  @Test
  void closingWhatIsRegisteredIsToldOnce() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 9, Interest.READABLE, Trigger.LEVEL);
    connection.server().close();
    connection.server().close();
    assertEquals(List.of(9L), closedWhileRegistered);
  }

  @Test
  void afterClosingNothingIsReported() throws IOException {
    for (Trigger trigger : Trigger.values()) {
      Connection connection = connection();
      send(connection.client(), "x");
      waitOnce(connection.server(), Interest.READABLE);
      poller.register(connection.server(), 9, Interest.READABLE_WRITABLE, trigger);
      connection.server().close();
      assertQuiet(9);
    }
  }

  @Test
  void aDescriptorNumberUsedAgainGetsNoEventOfItsPredecessor() throws IOException {
    boolean reused = false;
    for (int i = 0; i < 50; i++) {
      Connection first = connection();
      send(first.client(), "x");
      waitOnce(first.server(), Interest.READABLE);
      poller.register(first.server(), 1_000 + i, Interest.READABLE_WRITABLE, Trigger.LEVEL);
      poller.poll(events, 0);
      int fd = first.server().fd();
      first.server().close();
      Connection second = connection();
      for (TcpStream stream : new TcpStream[] {second.client(), second.server()}) {
        reused |= stream.fd() == fd;
        poller.register(stream, 2_000 + i, Interest.READABLE, Trigger.LEVEL);
        assertQuiet(1_000 + i);
        assertQuiet(2_000 + i);
        poller.deregister(stream);
      }
      closeAll(first, second);
    }
    assertTrue(reused, "no number was used again, so nothing was tested");
  }

  @Test
  void closingOneOfManyReadyLeavesTheOthers() throws IOException {
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Connection connection = connection();
      send(connection.client(), "x");
      waitOnce(connection.server(), Interest.READABLE);
      poller.register(connection.server(), i, Interest.READABLE, Trigger.LEVEL);
      connections.add(connection);
    }
    connections.get(1).server().close();
    assertQuiet(1);
    await(0, Readiness.READABLE);
    await(2, Readiness.READABLE);
    await(3, Readiness.READABLE);
  }

  @Test
  void closingFromAnotherThreadWhileAPollWaits() throws Exception {
    Connection connection = connection();
    poller.register(connection.server(), 9, Interest.READABLE, Trigger.LEVEL);
    var polled =
        background(() -> {
          int bits = 0;
          do {
            poller.poll(events, BOUND_NS);
            bits |= bitsOf(9);
          } while (!events.woken());
          return bits;
        });
    connection.server().close();
    poller.wake();
    assertEquals(0, join(polled));
    assertEquals(List.of(9L), closedWhileRegistered);
  }

  @Test
  void registeringAndClosingManyTimesLeavesNothingBehind() throws IOException {
    Connection anchor = connection();
    poller.register(anchor.server(), 1, Interest.READABLE, Trigger.LEVEL);
    for (int i = 0; i < 100; i++) {
      Connection connection = connection();
      Trigger trigger = TRIGGERS.get(i % 3);
      poller.register(connection.server(), 2, Interest.READABLE_WRITABLE, trigger);
      await(2, Readiness.WRITABLE);
      closeAll(connection);
      assertEquals(0, poller.poll(events, 0), events::toString);
    }
    send(anchor.client(), "x");
    await(1, Readiness.READABLE);
  }

  @Test
  void changesRacingWithPollsLoseNoEvent() throws Exception {
    Connection connection = connection();
    send(connection.client(), "x");
    waitOnce(connection.server(), Interest.READABLE);
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    var changer =
        background(() -> {
          for (int i = 0; i < 300; i++) {
            Interest interest = i % 2 == 0 ? Interest.READABLE_WRITABLE : Interest.WRITABLE;
            poller.change(connection.server(), interest, TRIGGERS.get(i % 3));
          }
          poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.ONESHOT);
          return null;
        });
    while (!changer.isDone()) {
      poller.poll(events, 0);
    }
    join(changer);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(1, Readiness.READABLE | Readiness.WRITABLE);
  }

  private static void closeAll(Connection... connections) {
    for (Connection connection : connections) {
      connection.client().close();
      connection.server().close();
    }
  }
}
