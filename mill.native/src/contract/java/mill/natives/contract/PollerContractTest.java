package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import org.junit.jupiter.api.Test;

/** What a poller promises about time, tokens, batches and registrations. */
class PollerContractTest extends PlatformContract {
  @Test
  void aPollWithoutTimeAndWithoutEventsReturnsAtOnce() throws IOException {
    long before = platform().nanoTime();
    assertEquals(0, poller.poll(events, 0));
    assertFalse(events.woken());
    assertTrue(platform().nanoTime() - before < BOUND_NS);
  }

  @Test
  void aPollNeverEndsBeforeItsTime() throws IOException {
    for (long timeoutNs : new long[] {1, 300_000, 1_000_001, 2_500_000}) {
      long before = platform().nanoTime();
      assertEquals(0, poller.poll(events, timeoutNs));
      long waited = platform().nanoTime() - before;
      assertTrue(waited >= timeoutNs, () -> "asked for " + timeoutNs + " ns, got " + waited);
    }
  }

  @Test
  void anEventEndsTheWait() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 7, Interest.READABLE, Trigger.LEVEL);
    send(connection.client(), "x");
    await(7, Readiness.READABLE);
  }

  @Test
  void allSixtyFourBitsOfATokenComeBack() throws IOException {
    long[] tokens = {0, Long.MIN_VALUE, Long.MAX_VALUE, -2, 0x8000_0001_7fff_ffffL, 1L << 32};
    for (long token : tokens) {
      Connection connection = connection();
      poller.register(connection.server(), token, Interest.READABLE, Trigger.LEVEL);
      send(connection.client(), "x");
      await(token, Readiness.READABLE);
      poller.deregister(connection.server());
    }
  }

  @Test
  void everyReadyDescriptorGetsItsTurnInASmallBatch() throws IOException {
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Connection connection = connection();
      send(connection.client(), "x");
      waitOnce(connection.server(), Interest.READABLE);
      poller.register(connection.server(), i, Interest.READABLE, Trigger.LEVEL);
      connections.add(connection);
    }
    var small = new ReadyEvents(2);
    Set<Long> seen = new HashSet<>();
    for (int polls = 0; seen.size() < connections.size(); polls++) {
      assertTrue(polls < 60, () -> "after sixty polls of two, only " + seen);
      poller.poll(small, BOUND_NS);
      assertTrue(small.size() <= 2);
      for (int i = 0; i < small.size(); i++) {
        seen.add(small.token(i));
      }
    }
  }

  @Test
  void aReadAndAWriteEventOfOneRegistrationAreOneEntry() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    waitOnce(connection.server(), Interest.READABLE);
    poller.register(connection.server(), 3, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(3, Readiness.READABLE | Readiness.WRITABLE);
    for (int i = 0; i < 3; i++) {
      poller.poll(events, BOUND_NS);
      assertEquals(1, entriesOf(3), events::toString);
      assertEquals(Readiness.READABLE | Readiness.WRITABLE, bitsOf(3));
    }
  }

  @Test
  void aRegistrationMadeWhileAPollWaitsIsSeenByIt() throws Exception {
    Connection connection = connection();
    send(connection.client(), "x");
    var polled = background(() -> await(5, Readiness.READABLE));
    poller.register(connection.server(), 5, Interest.READABLE, Trigger.LEVEL);
    join(polled);
  }

  @Test
  void aChangeMadeWhileAPollWaitsIsSeenByIt() throws Exception {
    Connection connection = connection();
    poller.register(connection.server(), 5, Interest.READABLE, Trigger.LEVEL);
    assertQuiet(5);
    var polled = background(() -> await(5, Readiness.WRITABLE));
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
    join(polled);
  }

  @Test
  void afterAChangeOnlyTheNewInterestIsReported() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    poller.register(connection.server(), 4, Interest.READABLE, Trigger.LEVEL);
    await(4, Readiness.READABLE);
    poller.change(connection.server(), Interest.WRITABLE, Trigger.LEVEL);
    assertEquals(Readiness.WRITABLE, await(4, Readiness.WRITABLE));
    assertEquals(Readiness.WRITABLE, await(4, Readiness.WRITABLE));
    poller.change(connection.server(), Interest.READABLE, Trigger.LEVEL);
    assertEquals(Readiness.READABLE, await(4, Readiness.READABLE));
    assertEquals(Readiness.READABLE, await(4, Readiness.READABLE));
  }

  @Test
  void withoutInterestNothingIsReportedUntilThereIsOneAgain() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    poller.register(connection.server(), 4, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(4, Readiness.READABLE | Readiness.WRITABLE);
    poller.change(connection.server(), Interest.NONE, Trigger.LEVEL);
    assertQuiet(4);
    connection.client().close();
    assertQuiet(4);
    poller.change(connection.server(), Interest.READABLE, Trigger.LEVEL);
    await(4, Readiness.READABLE);
  }

  @Test
  void registeredWithoutInterestNothingIsReported() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 4, Interest.NONE, Trigger.LEVEL);
    send(connection.client(), "x");
    assertQuiet(4);
    assertTrue(poller.deregister(connection.server()));
  }

  @Test
  void afterDeregisteringNothingIsReported() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 4, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(4, Readiness.WRITABLE);
    assertTrue(poller.deregister(connection.server()));
    send(connection.client(), "x");
    assertQuiet(4);
    assertFalse(poller.deregister(connection.server()));
  }

  @Test
  void aDeregisteredDescriptorCanBeRegisteredWithAnotherToken() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 4, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(4, Readiness.WRITABLE);
    poller.deregister(connection.server());
    poller.register(connection.server(), 5, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    send(connection.client(), "x");
    await(5, Readiness.READABLE | Readiness.WRITABLE);
    assertQuiet(4);
  }

  @Test
  void aDescriptorMayMoveToAnotherPoller() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    poller.register(connection.server(), 4, Interest.READABLE, Trigger.LEVEL);
    await(4, Readiness.READABLE);
    poller.deregister(connection.server());
    waitOnce(connection.server(), Interest.READABLE);
    assertQuiet(4);
  }

  @Test
  void whatIsRegisteredAlreadyIsRefused() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 4, Interest.READABLE, Trigger.LEVEL);
    assertThrows(
        IllegalStateException.class,
        () -> poller.register(connection.server(), 5, Interest.READABLE, Trigger.LEVEL));
  }

  @Test
  void whatIsClosedIsRefused() throws IOException {
    Connection connection = connection();
    connection.server().close();
    assertThrows(
        ClosedChannelException.class,
        () -> poller.register(connection.server(), 5, Interest.READABLE, Trigger.LEVEL));
  }

  @Test
  void aClosedPollerRefusesToPollAndToRegister() throws IOException {
    Connection connection = connection();
    poller.close();
    assertThrows(IllegalStateException.class, () -> poller.poll(events, 0));
    assertThrows(
        IllegalStateException.class,
        () -> poller.register(connection.server(), 5, Interest.READABLE, Trigger.LEVEL));
  }

  @Test
  void whatIsRegisteredOutlivesThePoller() throws IOException {
    Connection connection = connection();
    try (var own = Poller.open(platform(), token -> {})) {
      own.register(connection.server(), 5, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    }
    send(connection.client(), "still here");
    assertEquals("still here", receive(connection.server(), 10));
  }

  @Test
  void pollersCanBeOpenedAndClosedOverAndOver() throws IOException {
    for (int i = 0; i < 200; i++) {
      try (var own = Poller.open(platform(), token -> {})) {
        own.wake();
        own.poll(events, BOUND_NS);
        assertTrue(events.woken());
      }
    }
  }

  @Test
  void theNameSaysWhichBackendRuns() {
    assertFalse(platform().name().isBlank());
    assertTrue(poller.toString().contains(platform().name()));
  }
}
