package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.gen.windows.Windows;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link IocpPoller} does with its operations, on a scripted kernel; runs on any system. */
class IocpPollerTest {
  private static final int RECEIVE = Windows.AFD_POLL_RECEIVE();
  private static final int SEND = Windows.AFD_POLL_SEND();
  private static final int DISCONNECT = Windows.AFD_POLL_DISCONNECT();
  private static final long BOUND_NS = Await.PATIENCE_NS;

  private final ScriptedAfd kernel = new ScriptedAfd();
  private final EdgePollers edges = new EdgePollers();
  private final ReadyEvents events = new ReadyEvents(4);
  private IocpPoller poller;
  private boolean closed;

  @BeforeEach
  void open() throws IOException {
    poller = new IocpPoller(kernel, edges);
  }

  @AfterEach
  void close() {
    if (!closed) {
      poller.close();
      assertEquals(Set.of(), kernel.openHandles);
    }
  }

  private void add(int fd, long token, Interest interest, Trigger trigger) {
    assertEquals(0, poller.add(fd, token, interest, trigger));
  }

  private String poll() {
    events.clear();
    assertEquals(0, poller.poll(events, 0));
    return events.toString();
  }

  private static String ready(long token, int bits) {
    return "ReadyEvents[" + token + " " + Readiness.of(bits) + "]";
  }

  private static final String NOTHING = "ReadyEvents[]";

  @Test
  void aRecordIsNotReusedBeforeItsCompletion() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.holdCancelled = true;
    poller.remove(4);
    // More than a group, so that every free record is asked for; the kernel watches.
    for (int i = 0; i < AfdPolls.GROUP_SIZE + 8; i++) {
      add(8 + 4 * i, 2 + i, Interest.READABLE, Trigger.LEVEL);
    }
    assertEquals(NOTHING, poll());
    assertEquals(AfdPolls.GROUP_SIZE + 9, kernel.recordsUsed());
    kernel.releaseCancelled();
    assertEquals(NOTHING, poll());
  }

  @Test
  void aRecordIsReusedAfterItsCompletion() {
    for (int i = 0; i < 500; i++) {
      add(4 + 4 * i, i, Interest.READABLE, Trigger.LEVEL);
      poll();
      poller.remove(4 + 4 * i);
      assertEquals(NOTHING, poll());
    }
    assertTrue(kernel.recordsUsed() <= AfdPolls.GROUP_SIZE, "records are given back");
  }

  @Test
  void cancellingWhatHasEndedStillWaitsForItsPacket() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.setReady(4, RECEIVE);
    poller.remove(4);
    assertEquals(List.of(ScriptedAfd.STATUS_NO_SUCH_OPERATION), kernel.cancelResults);
    for (int i = 0; i < AfdPolls.GROUP_SIZE; i++) {
      add(8 + 4 * i, 2 + i, Interest.READABLE, Trigger.LEVEL);
    }
    assertEquals(NOTHING, poll());
    assertEquals(AfdPolls.GROUP_SIZE + 1, kernel.recordsUsed());
  }

  @Test
  void aNumberThatIsUsedAgainHearsNothingOfItsPredecessor() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.setReady(4, RECEIVE);
    poller.remove(4);
    kernel.setReady(4, 0);
    add(4, 2, Interest.READABLE, Trigger.LEVEL);
    assertEquals(NOTHING, poll());
    kernel.setReady(4, RECEIVE);
    assertEquals(ready(2, Readiness.READABLE), poll());
  }

  @Test
  void anOperationThatEndsAtOnceIsReportedOnce() {
    kernel.setReady(4, RECEIVE);
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    assertEquals(ready(1, Readiness.READABLE), poll());
  }

  @Test
  void levelIsReportedAtEachPoll() {
    kernel.setReady(4, RECEIVE);
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    for (int i = 0; i < 3; i++) {
      assertEquals(ready(1, Readiness.READABLE), poll());
    }
    kernel.setReady(4, 0);
    assertEquals(NOTHING, poll());
  }

  @Test
  void edgeIsReportedAgainAfterARead() {
    kernel.setReady(4, RECEIVE);
    add(4, 1, Interest.READABLE, Trigger.EDGE);
    assertEquals(ready(1, Readiness.READABLE), poll());
    assertEquals(NOTHING, poll());
    edges.used(4, IocpEvents.READING);
    assertEquals(ready(1, Readiness.READABLE), poll());
    kernel.setReady(4, 0);
    edges.used(4, IocpEvents.READING);
    assertEquals(NOTHING, poll());
  }

  @Test
  void anEdgeThatWasReportedDoesNotHideTheOthers() {
    kernel.setReady(4, RECEIVE);
    add(4, 1, Interest.READABLE_WRITABLE, Trigger.EDGE);
    assertEquals(ready(1, Readiness.READABLE), poll());
    kernel.setReady(4, RECEIVE | SEND);
    assertEquals(ready(1, Readiness.WRITABLE), poll());
    kernel.setReady(4, RECEIVE | SEND | DISCONNECT);
    assertEquals(ready(1, Readiness.READABLE | Readiness.READ_CLOSED), poll());
    assertEquals(NOTHING, poll());
  }

  @Test
  void oneShotIsReportedOnceUntilItIsAskedForAnew() {
    kernel.setReady(4, RECEIVE | SEND);
    add(4, 1, Interest.READABLE, Trigger.ONESHOT);
    assertEquals(ready(1, Readiness.READABLE), poll());
    kernel.setReady(4, Windows.AFD_POLL_ABORT());
    assertEquals(NOTHING, poll());
    assertEquals(0, poller.modify(4, 1, Interest.READABLE, Trigger.ONESHOT));
    assertEquals(ready(1, IocpEvents.DEAD), poll());
    assertEquals(NOTHING, poll());
  }

  @Test
  void anErrorStatusIsReportedOnceAndTheSocketLeftAlone() {
    for (int status : new int[] {0xc000009a, 0x8000000a}) {
      add(4, 1, Interest.READABLE, Trigger.LEVEL);
      poll();
      int polls = kernel.polls;
      kernel.end(4, status);
      assertEquals(ready(1, IocpEvents.DEAD), poll());
      assertEquals(NOTHING, poll());
      assertEquals(polls, kernel.polls);
      poller.remove(4);
    }
  }

  @Test
  void aPacketThatBringsNoAnswerIsAskedAgain() {
    for (Trigger trigger : Trigger.values()) {
      add(4, 1, Interest.READABLE, trigger);
      poll();
      kernel.endUnanswered(4);
      assertEquals(NOTHING, poll()); // nor is what was asked taken for what was answered
      kernel.setReady(4, RECEIVE);
      assertEquals(ready(1, Readiness.READABLE), poll());
      kernel.setReady(4, 0);
      poller.remove(4);
    }
  }

  @Test
  void aSubmissionThatFailsIsReportedByThePoll() {
    kernel.failPollsWith = 0xc0000008;
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    assertEquals(ready(1, IocpEvents.DEAD), poll());
    assertEquals(NOTHING, poll());
    kernel.failPollsWith = 0;
    assertEquals(0, poller.modify(4, 1, Interest.READABLE, Trigger.LEVEL));
    kernel.setReady(4, RECEIVE);
    assertEquals(ready(1, Readiness.READABLE), poll());
  }

  @Test
  void aSocketThatWasClosedUnseenReportsNothing() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.setReady(4, Windows.AFD_POLL_LOCAL_CLOSE());
    assertEquals(NOTHING, poll());
    int polls = kernel.polls;
    assertEquals(NOTHING, poll());
    assertEquals(polls, kernel.polls);
    // The number was given out again, and nobody has told the poller.
    kernel.setReady(4, RECEIVE);
    add(4, 2, Interest.READABLE, Trigger.LEVEL);
    assertEquals(ready(2, Readiness.READABLE), poll());
  }

  @Test
  void askingForLessLeavesTheOperationAndFiltersIt() {
    add(4, 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    poll();
    assertEquals(0, poller.modify(4, 1, Interest.READABLE, Trigger.LEVEL));
    assertEquals(NOTHING, poll());
    assertEquals(List.of(), kernel.cancelResults);
    kernel.setReady(4, SEND);
    assertEquals(NOTHING, poll());
    kernel.setReady(4, SEND | RECEIVE);
    assertEquals(ready(1, Readiness.READABLE), poll());
  }

  @Test
  void askingForMoreCancelsAndSubmitsAnew() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.setReady(4, SEND);
    assertEquals(0, poller.modify(4, 7, Interest.READABLE_WRITABLE, Trigger.LEVEL));
    assertEquals(ready(7, Readiness.WRITABLE), poll());
    assertEquals(List.of(Windows.STATUS_SUCCESS()), kernel.cancelResults);
  }

  @Test
  void whatDoesNotFitComesWithTheNextPolls() {
    var seen = new TreeSet<Long>();
    for (int i = 0; i < 10; i++) {
      kernel.setReady(4 + 4 * i, RECEIVE);
      add(4 + 4 * i, i, Interest.READABLE, Trigger.LEVEL);
    }
    for (int round = 0; round < 3; round++) {
      poll();
      for (int i = 0; i < events.size(); i++) {
        seen.add(events.token(i));
      }
    }
    assertEquals(10, seen.size());
  }

  @Test
  void aWaitThatEndsEarlyGoesOn() {
    kernel.earlyEnds = 3;
    long start = System.nanoTime();
    events.clear();
    assertEquals(0, poller.poll(events, TimeUnit.MILLISECONDS.toNanos(20)));
    assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(20));
    assertEquals(0, kernel.earlyEnds);
  }

  @Test
  void changesReachTheKernelWhileAPollWaits() throws Exception {
    var polled = new FutureTask<>(() -> poller.poll(events, BOUND_NS));
    Thread.ofPlatform().daemon().start(polled);
    awaitWait();
    kernel.setReady(4, RECEIVE);
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    assertEquals(0, polled.get(BOUND_NS, TimeUnit.NANOSECONDS));
    assertEquals(ready(1, Readiness.READABLE), events.toString());
  }

  @Test
  void aSocketThatCannotBePolledIsRefusedWhileAPollWaits() throws Exception {
    var polled = new FutureTask<>(() -> poller.poll(events, BOUND_NS));
    Thread.ofPlatform().daemon().start(polled);
    awaitWait();
    kernel.failPollsWith = 0xc0000008;
    assertEquals(-Windows.WSAEBADF(), poller.add(4, 1, Interest.READABLE, Trigger.LEVEL));
    poller.wake();
    polled.get(BOUND_NS, TimeUnit.NANOSECONDS);
    assertTrue(events.woken());
    assertTrue(poller.remove(4) < 0, "it is not registered");
  }

  @Test
  void everyWakeEndsAPoll() {
    for (int i = 0; i < 3; i++) {
      poller.wake();
      events.clear();
      poller.poll(events, BOUND_NS);
      assertTrue(events.woken());
    }
    assertEquals(3, kernel.posts);
  }

  @Test
  void aThousandWakesArePostedOnce() {
    for (int i = 0; i < 1_000; i++) {
      poller.wake();
    }
    assertEquals(1, kernel.posts);
    assertEquals("ReadyEvents[; woken]", poll());
    assertEquals(NOTHING, poll());
  }

  @Test
  void aWakeThatCouldNotBePostedDoesNotSilenceTheNext() {
    kernel.failPostsWith = 1450;
    assertThrows(IllegalStateException.class, poller::wake);
    kernel.failPostsWith = 0;
    poller.wake();
    assertEquals("ReadyEvents[; woken]", poll());
  }

  @Test
  void closingWaitsForWhatItHasCancelled() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.holdCancelled = true;
    var release = new FutureTask<Void>(kernel::releaseCancelled, null);
    var closing = new FutureTask<Void>(poller::close, null);
    Thread.ofPlatform().daemon().start(closing);
    awaitWait();
    assertFalse(closing.isDone());
    release.run();
    assertEquals(null, await(closing));
    closed = true;
    assertEquals(Set.of(), kernel.openHandles);
  }

  @Test
  void closingGivesUpOnAKernelThatKeepsAnOperation() {
    add(4, 1, Interest.READABLE, Trigger.LEVEL);
    poll();
    kernel.neverCancel = true;
    poller.close();
    closed = true;
    assertEquals(1, kernel.underWay());
    // Its memory must still be there for the kernel to write to.
    kernel.setReady(4, RECEIVE);
    assertEquals(Set.of(), kernel.openHandles);
  }

  private void awaitWait() {
    long deadline = System.nanoTime() + BOUND_NS;
    while (!kernel.isWaiting()) {
      assertTrue(System.nanoTime() < deadline, "nobody waits at the port");
      Thread.onSpinWait();
    }
  }

  private static <T> T await(FutureTask<T> task) {
    try {
      return task.get(BOUND_NS, TimeUnit.NANOSECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
