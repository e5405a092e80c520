package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.gen.windows.OVERLAPPED_ENTRY;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.DescriptorKind;
import org.junit.jupiter.api.Test;

/** The states of one operation; runs on any system. */
class AfdPollTest {
  private final ScriptedAfd kernel = new ScriptedAfd();
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment packets = arena.allocate(OVERLAPPED_ENTRY.layout(), 8);
  private final AfdPoll poll =
      new AfdPoll(0, MemorySegment.NULL, arena.allocate(AfdPoll.SIZE_BYTES, 8));

  private void assign() {
    poll.assign(ScriptedAfd.BASE + 4, DescriptorKind.STREAM);
    poll.ask(1, Interest.READABLE, Trigger.LEVEL);
  }

  private int take() {
    assertEquals(1, kernel.dequeue(MemorySegment.NULL, packets, 8, 0));
    return poll.completed();
  }

  @Test
  void anAbortEndsAConnectionAndNoDatagramSocket() {
    for (DescriptorKind kind : DescriptorKind.values()) {
      int bits = IocpEvents.readiness(kind, Windows.AFD_POLL_ABORT());
      int closed = Readiness.READ_CLOSED | Readiness.WRITE_CLOSED;
      assertEquals(kind == DescriptorKind.DATAGRAM ? 0 : closed, bits & closed, kind::name);
      int told = Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR;
      assertEquals(told, bits & ~closed, kind::name);
    }
    poll.assign(ScriptedAfd.BASE + 4, DescriptorKind.DATAGRAM);
    poll.ask(1, Interest.READABLE, Trigger.LEVEL);
    poll.update(kernel);
    kernel.setReady(4, Windows.AFD_POLL_ABORT());
    assertEquals(Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR, take());
  }

  @Test
  void aRecordGoesFromFreeToPendingAndBack() {
    assertEquals(AfdPoll.State.FREE, poll.state());
    assign();
    assertEquals(AfdPoll.State.IDLE, poll.state());
    assertEquals(0, poll.update(kernel));
    assertEquals(AfdPoll.State.PENDING, poll.state());
    kernel.setReady(4, Windows.AFD_POLL_RECEIVE());
    assertEquals(Readiness.READABLE, take());
    assertEquals(AfdPoll.State.IDLE, poll.state());
    assertTrue(poll.delete(kernel));
    assertEquals(AfdPoll.State.FREE, poll.state());
  }

  @Test
  void successAtOnceIsPendingUntilItsPacket() {
    kernel.setReady(4, Windows.AFD_POLL_RECEIVE());
    assign();
    poll.update(kernel);
    assertEquals(AfdPoll.State.PENDING, poll.state());
    assertEquals(0, poll.update(kernel));
    assertEquals(Readiness.READABLE, take());
  }

  @Test
  void whatIsDeletedWhilePendingIsFreeOnlyWithItsPacket() {
    assign();
    poll.update(kernel);
    assertFalse(poll.delete(kernel));
    assertTrue(poll.isDeletePending());
    assertEquals(AfdPoll.State.CANCELLED, poll.state());
    assertThrows(IllegalStateException.class, this::assign);
    assertEquals(0, take());
    assertEquals(AfdPoll.State.FREE, poll.state());
    assertFalse(poll.isDeletePending());
    assign();
  }

  @Test
  void cancellingWithNothingPendingIsNoFreedomEither() {
    assign();
    poll.update(kernel);
    kernel.setReady(4, Windows.AFD_POLL_RECEIVE());
    assertFalse(poll.delete(kernel));
    assertEquals(List.of(0xc0000225), kernel.cancelResults);
    assertThrows(IllegalStateException.class, this::assign);
    assertEquals(0, take());
    assertEquals(AfdPoll.State.FREE, poll.state());
  }

  @Test
  void anErrorAtSubmissionLeavesItIdle() {
    kernel.failPollsWith = 0xc0000008;
    assign();
    assertEquals(0xc0000008, poll.update(kernel));
    assertEquals(AfdPoll.State.IDLE, poll.state());
    assertTrue(poll.delete(kernel));
  }

  @Test
  void aCancelledOperationIsSubmittedAnewAfterItsPacket() {
    assign();
    poll.update(kernel);
    poll.ask(1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    poll.update(kernel);
    assertEquals(AfdPoll.State.CANCELLED, poll.state());
    poll.update(kernel);
    assertEquals(1, kernel.polls);
    assertEquals(0, take());
    poll.update(kernel);
    assertEquals(AfdPoll.State.PENDING, poll.state());
    assertEquals(2, kernel.polls);
  }

  @Test
  void whatCannotBeIsSaid() {
    assertThrows(IllegalStateException.class, poll::completed);
    assertThrows(IllegalStateException.class, () -> poll.update(kernel));
    assertThrows(IllegalStateException.class, () -> poll.delete(kernel));
    assign();
    assertThrows(IllegalStateException.class, poll::completed);
    assertThrows(IllegalStateException.class, this::assign);
  }

  @Test
  void aRecordThatIsTheKernelsIsNotTakenBack() {
    var polls = new AfdPolls(kernel, MemorySegment.NULL, arena);
    assertEquals(0, polls.reserve());
    AfdPoll taken = polls.take(ScriptedAfd.BASE + 8, DescriptorKind.STREAM);
    taken.ask(1, Interest.READABLE, Trigger.LEVEL);
    taken.update(kernel);
    taken.delete(kernel);
    assertEquals(1, polls.underWay());
    assertThrows(IllegalStateException.class, () -> polls.giveBack(taken));
  }
}
