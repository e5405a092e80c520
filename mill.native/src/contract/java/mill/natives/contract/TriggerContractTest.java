package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import org.junit.jupiter.api.Test;

/** What the three triggers promise: how often a descriptor that stays ready is reported. */
class TriggerContractTest extends PlatformContract {
  private static final int BOTH = Readiness.READABLE | Readiness.WRITABLE;

  @Test
  void levelReportsReadableAtEveryPollUntilAllIsRead() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.LEVEL);
    send(connection.client(), "ab");
    for (int i = 0; i < 3; i++) {
      await(1, Readiness.READABLE);
    }
    receive(connection.server(), 1);
    await(1, Readiness.READABLE);
    receive(connection.server(), 1);
    assertQuiet(1);
  }

  @Test
  void levelReportsWritableAtEveryPoll() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    for (int i = 0; i < 5; i++) {
      poller.poll(events, BOUND_NS);
      assertEquals(Readiness.WRITABLE, bitsOf(1), "poll " + i);
    }
  }

  @Test
  void levelReportsWritableOnlyWhileThereIsRoom() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    long taken = fillUntilQuiet(connection.server(), 1);
    assertQuiet(1);
    drain(connection.client(), taken);
    await(1, Readiness.WRITABLE);
    await(1, Readiness.WRITABLE);
  }

  @Test
  void levelReportsReadableThoughTheOtherDirectionIsFull() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    fillUntilQuiet(connection.server(), 1);
    send(connection.client(), "x");
    assertEquals(Readiness.READABLE, await(1, Readiness.READABLE));
    assertEquals(Readiness.READABLE, await(1, Readiness.READABLE));
  }

  @Test
  void edgeReportsReadableOnceForEachArrival() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.EDGE);
    for (String text : new String[] {"a", "b", "c"}) {
      send(connection.client(), text);
      await(1, Readiness.READABLE);
      assertQuiet(1);
      assertEquals(text, receive(connection.server(), 1));
      assertQuiet(1);
    }
  }

  @Test
  void edgeReportsWhatWasReadyBeforeItWasRegistered() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    waitOnce(connection.server(), Interest.READABLE);
    poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.EDGE);
    await(1, BOTH);
    assertQuiet(1);
  }

  @Test
  void edgeReportsWritableOnceAndAgainWhenRoomComesBack() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.EDGE);
    await(1, Readiness.WRITABLE);
    assertQuiet(1);
    long taken = fillUntilQuiet(connection.server(), 1);
    drain(connection.client(), taken);
    await(1, Readiness.WRITABLE);
  }

  @Test
  void edgeReportsTheEndOfTheStream() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.EDGE);
    send(connection.client(), "x");
    await(1, Readiness.READABLE);
    receive(connection.server(), 1);
    connection.client().shutdownWrite();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    readToEnd(connection.server());
  }

  @Test
  void settingAnEdgeAnewReportsWhatIsStillReady() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.EDGE);
    send(connection.client(), "x");
    await(1, BOTH);
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.EDGE);
    await(1, BOTH);
  }

  @Test
  void oneShotReportsOnceUntilItIsSetAnew() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.ONESHOT);
    send(connection.client(), "x");
    await(1, Readiness.READABLE);
    assertQuiet(1);
    send(connection.client(), "y");
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE, Trigger.ONESHOT);
    await(1, Readiness.READABLE);
    assertQuiet(1);
  }

  @Test
  void oneShotReportsAtEachSetting() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.ONESHOT);
    for (int i = 0; i < 50; i++) {
      await(1, Readiness.WRITABLE);
      assertQuiet(1);
      poller.change(connection.server(), Interest.WRITABLE, Trigger.ONESHOT);
    }
  }

  @Test
  void oneShotThatFiredForReadingIsDeafForWritingToo() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    long taken = fillUntilQuiet(connection.server(), 1);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.ONESHOT);
    send(connection.client(), "x");
    assertEquals(Readiness.READABLE, await(1, Readiness.READABLE));
    drain(connection.client(), taken);
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.ONESHOT);
    await(1, BOTH);
  }

  @Test
  void oneShotThatFiredForWritingIsDeafForReadingToo() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.ONESHOT);
    assertEquals(Readiness.WRITABLE, await(1, Readiness.WRITABLE));
    send(connection.client(), "x");
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.ONESHOT);
    await(1, BOTH);
  }

  @Test
  void oneShotReportsBothDirectionsInOneEntry() throws IOException {
    Connection connection = connection();
    send(connection.client(), "x");
    waitOnce(connection.server(), Interest.READABLE);
    for (int i = 0; i < 5; i++) {
      if (i == 0) {
        poller.register(connection.server(), 1, Interest.READABLE_WRITABLE, Trigger.ONESHOT);
      } else {
        poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.ONESHOT);
      }
      poller.poll(events, BOUND_NS);
      assertEquals(1, entriesOf(1));
      assertEquals(BOTH, bitsOf(1));
      assertQuiet(1);
    }
  }

  @Test
  void oneShotThatFiredCanBecomeLevelAndBack() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.ONESHOT);
    send(connection.client(), "x");
    await(1, Readiness.READABLE);
    poller.change(connection.server(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
    await(1, BOTH);
    await(1, BOTH);
    poller.change(connection.server(), Interest.READABLE, Trigger.ONESHOT);
    await(1, Readiness.READABLE);
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE, Trigger.EDGE);
    await(1, Readiness.READABLE);
    assertQuiet(1);
  }

  @Test
  void anEdgeCanBecomeLevel() throws IOException {
    Connection connection = connection();
    poller.register(connection.server(), 1, Interest.READABLE, Trigger.EDGE);
    send(connection.client(), "x");
    await(1, Readiness.READABLE);
    assertQuiet(1);
    poller.change(connection.server(), Interest.READABLE, Trigger.LEVEL);
    await(1, Readiness.READABLE);
    await(1, Readiness.READABLE);
  }
}
