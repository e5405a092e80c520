package mill.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import mill.core.FakePoller.Op;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RegisterTest {
  private static final EventHandler NOTHING = (registration, readiness) -> {};

  // Promise 1: the kernel is armed inside register(), and its first event finds the handler
  // although register() has not returned.
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlerIsInItsPlaceBeforeTheKernelIsArmed(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      var called = new CountDownLatch(1);
      fake.poller().hook(Op.ADD, fd -> Await.await(called));
      fake.loop.register(
          pollable,
          Interest.READABLE,
          Trigger.ONESHOT,
          (registration, readiness) -> called.countDown());
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void firstEventThatOvertakesRegisterMayAlreadyCancel(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.readablePollable()) {
      var entered = new CountDownLatch(1);
      var cancelled = new CountDownLatch(1);
      fake.poller().hook(Op.ADD, fd -> Await.await(entered));
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE,
              (mine, readiness) -> {
                entered.countDown();
                assertThat(mine.cancel()).isNotNull();
                cancelled.countDown();
              });
      Await.await(cancelled);
      assertThat(registration.isCancelled()).isTrue();
      assertThat(fake.poller().interest(pollable.fd())).isEqualTo(Interest.NONE);
      assertThat(fake.loop.toString()).contains("0 registrations");
    }
  }

  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void handlerHearsWhatIsReadyAndForWhom(DispatchMode dispatch) throws Exception {
    try (var fake = FakeLoop.open(dispatch).start();
        var pollable = fake.platform.pollable()) {
      var heard = new CountDownLatch(1);
      var who = new AtomicReference<Registration>();
      var what = new AtomicReference<Readiness>();
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.READABLE_WRITABLE,
              Trigger.EDGE,
              (mine, readiness) -> {
                who.set(mine);
                what.set(readiness);
                heard.countDown();
              });
      registration.attach("luggage");
      int bits = Readiness.READABLE | Readiness.WRITABLE | Readiness.READ_CLOSED;
      pollable.ready(bits);
      Await.await(heard);
      assertThat(who.get()).isSameAs(registration);
      assertThat(what.get()).isSameAs(Readiness.of(bits));
      assertThat(who.get().attachment()).isEqualTo("luggage");
      assertThat(registration.loop()).isSameAs(fake.loop);
      assertThat(registration.pollable()).isSameAs(pollable);
      assertThat(registration.interest()).isSameAs(Interest.READABLE_WRITABLE);
      assertThat(registration.toString()).contains("FakePollable", "READABLE|WRITABLE");
    }
  }

  @Test
  void whatTheKernelRefusesIsNotRegistered() throws Exception {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      fake.poller().fail(Op.ADD, 0, "EPERM");
      assertThatThrownBy(() -> fake.loop.register(pollable, Interest.READABLE, NOTHING))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EPERM");
      assertThat(fake.loop.toString()).contains("0 registrations");
      assertThat(pollable.isOpen()).isTrue();
      assertThat(fake.loop.register(pollable, Interest.READABLE, NOTHING).isCancelled()).isFalse();
    }
  }

  @Test
  void registeringTwiceIsRefusedAndTheFirstStays() throws Exception {
    try (var fake = FakeLoop.open();
        var other = EventLoop.open(LoopConfig.builder().platform(fake.platform).build());
        var pollable = fake.platform.pollable()) {
      Registration first = fake.loop.register(pollable, Interest.READABLE, NOTHING);
      for (EventLoop loop : new EventLoop[] {fake.loop, other}) {
        assertThatThrownBy(() -> loop.register(pollable, Interest.READABLE, NOTHING))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("registered already");
      }
      assertThat(other.toString()).contains("0 registrations");
      assertThat(first.isCancelled()).isFalse();
      Await.done(first.cancel());
      assertThat(other.register(pollable, Interest.READABLE, NOTHING).isCancelled()).isFalse();
    }
  }

  @Test
  void closedPollableIsRefused() throws Exception {
    try (var fake = FakeLoop.open()) {
      FakePollable pollable = fake.platform.pollable();
      pollable.close();
      assertThatThrownBy(() -> fake.loop.register(pollable, Interest.READABLE, NOTHING))
          .isInstanceOf(ClosedChannelException.class);
      assertThat(fake.loop.toString()).contains("0 registrations");
    }
  }

  @Test
  void pollableOfAnotherPlatformIsRefused() throws Exception {
    try (var fake = FakeLoop.open();
        var stranger = new FakePlatform().pollable()) {
      assertThatThrownBy(() -> fake.loop.register(stranger, Interest.READABLE, NOTHING))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(fake.loop.toString()).contains("0 registrations");
    }
  }

  @Test
  void missingHandlerIsRefusedAtOnceAndNotAtTheFirstEvent() throws IOException {
    try (var fake = FakeLoop.open();
        var pollable = fake.platform.pollable()) {
      assertThatThrownBy(() -> fake.loop.register(pollable, Interest.READABLE, null))
          .isInstanceOf(NullPointerException.class);
      assertThat(fake.loop.toString()).contains("0 registrations");
      assertThat(fake.poller().calls()).isEmpty();
    }
  }
}
