package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A part of an interest that is suspended is not asked for, whatever the interest becomes. */
class SuspendTest {
  @Test
  void suspendedDirectionLeavesTheKernelAndComesBack() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration =
          fake.loop.register(pollable, Interest.READABLE_WRITABLE, (mine, readiness) -> {});
      registration.setSuspended(Interest.READABLE, true);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.WRITABLE);
      assertThat(registration.interest()).isSameAs(Interest.READABLE_WRITABLE);
      registration.setSuspended(Interest.WRITABLE, true);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.NONE);
      registration.setSuspended(Interest.READABLE, false);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.READABLE);
      registration.setSuspended(Interest.WRITABLE, false);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.READABLE_WRITABLE);
    }
  }

  @Test
  void newInterestDoesNotAskForWhatIsSuspended() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration =
          fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {});
      registration.setSuspended(Interest.READABLE, true);
      registration.setInterest(Interest.READABLE_WRITABLE);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.WRITABLE);
      registration.setInterest(Interest.READABLE);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.NONE);
      registration.setSuspended(Interest.READABLE, false);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.READABLE);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void readyDescriptorIsNotReportedWhileItIsSuspended(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var called = new AtomicInteger();
      var suspended = new CountDownLatch(1);
      var again = new CountDownLatch(1);
      FakePollable pollable = fake.platform.readablePollable();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                mine.setSuspended(Interest.READABLE, true);
                if (called.incrementAndGet() == 1) {
                  suspended.countDown();
                } else {
                  again.countDown();
                }
              });
      Await.await(suspended);
      fake.settle();
      pollable.ready(Readiness.READABLE);
      fake.settle();
      assertThat(called).hasValue(1);
      registration.setSuspended(Interest.READABLE, false);
      Await.await(again);
      fake.settle();
      assertThat(called).hasValue(2);
    }
  }

  /** A throttle is no setInterest (pjproject#3121). */
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void oneShotThatHasFiredIsArmedByNoSuspension(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var called = new AtomicInteger();
      var suspended = new CountDownLatch(1);
      FakePollable pollable = fake.platform.pollable();
      pollable.ready(Readiness.READABLE | Readiness.WRITABLE);
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE_WRITABLE,
              Trigger.ONESHOT,
              (mine, readiness) -> {
                called.incrementAndGet();
                mine.setSuspended(Interest.READABLE, true);
                suspended.countDown();
              });
      Await.await(suspended);
      fake.settle();
      registration.setSuspended(Interest.READABLE, false);
      fake.settle();
      assertThat(called).hasValue(1);
      registration.setInterest(Interest.READABLE_WRITABLE);
      Await.eventually("it is armed anew", () -> called.get() == 2);
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void oneShotThatIsSetWhileItIsSuspendedIsArmedWithTheResume(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch).start()) {
      var called = new AtomicInteger();
      var rearmed = new CountDownLatch(1);
      FakePollable pollable = fake.platform.readablePollable();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              Trigger.ONESHOT,
              (mine, readiness) -> {
                if (called.incrementAndGet() == 1) {
                  mine.setSuspended(Interest.READABLE, true);
                  mine.setInterest(Interest.READABLE);
                  rearmed.countDown();
                }
              });
      Await.await(rearmed);
      fake.settle();
      assertThat(called).as("calls while it is suspended").hasValue(1);
      registration.setSuspended(Interest.READABLE, false);
      Await.eventually("reported once more", () -> called.get() == 2);
      fake.settle();
      registration.setSuspended(Interest.READABLE, true);
      registration.setSuspended(Interest.READABLE, false);
      fake.settle();
      assertThat(called).hasValue(2);
    }
  }

  @Test
  void oneShotThatHasNotFiredIsTakenOutAndComesBack() throws Exception {
    try (var fake = FakeLoop.open().start()) {
      var called = new AtomicInteger();
      FakePollable pollable = fake.platform.pollable();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              Trigger.ONESHOT,
              (mine, readiness) -> called.incrementAndGet());
      registration.setSuspended(Interest.READABLE, true);
      pollable.ready(Readiness.READABLE);
      fake.settle();
      assertThat(called).hasValue(0);
      registration.setSuspended(Interest.READABLE, false);
      Await.eventually("reported", () -> called.get() == 1);
      fake.settle();
      assertThat(called).hasValue(1);
    }
  }

  /** What a suspension does not change is not asked for anew: an edge would come again. */
  @Test
  void suspensionOfWhatIsNotAskedForLeavesTheKernelAlone() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration registration =
          fake.loop.register(pollable, Interest.WRITABLE, Trigger.EDGE, (mine, readiness) -> {});
      int before = fake.poller().calls().size();
      registration.setSuspended(Interest.READABLE, true);
      registration.setSuspended(Interest.READABLE, true);
      registration.setSuspended(Interest.READABLE, false);
      assertThat(fake.poller().calls()).hasSize(before);
    }
  }

  @Test
  void cancelledOrClosedRegistrationIsLeftAlone() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      Registration first = fake.loop.register(pollable, Interest.READABLE, (mine, readiness) -> {});
      first.setSuspended(Interest.READABLE, true);
      first.cancel();
      Registration second =
          fake.loop.register(pollable, Interest.WRITABLE, (mine, readiness) -> {});
      first.setSuspended(Interest.READABLE, false);
      assertThat(fake.poller().interest(pollable.fd())).isSameAs(Interest.WRITABLE);
      second.close();
      second.setSuspended(Interest.WRITABLE, true);
      second.setSuspended(Interest.WRITABLE, false);
    }
  }
}
