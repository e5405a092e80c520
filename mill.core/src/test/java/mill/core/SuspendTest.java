package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Interest;
import mill.natives.Readiness;
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
