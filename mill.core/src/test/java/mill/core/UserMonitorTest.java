package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import mill.natives.Interest;
import mill.testing.Await;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A user may lock whatever mill hands out: none of mill's own locks is one that a user can see. */
class UserMonitorTest {
  @ParameterizedTest
  @EnumSource(DispatchMode.class)
  void monitorsThatAUserHoldsStopNeitherHandlerNorLoopNorCancellation(DispatchMode dispatch)
      throws Exception {
    try (var fake = FakeLoop.open(dispatch);
        var pollable = fake.platform.readablePollable()) {
      var entered = new CountDownLatch(1);
      var locked = new CountDownLatch(1);
      var handled = new CountDownLatch(1);
      var executed = new CountDownLatch(1);
      var throttles = new Throttle[1];
      Registration registration =
          fake.loop.register(
              pollable,
              Interest.NONE,
              (mine, readiness) -> {
                entered.countDown();
                Await.await(locked);
                mine.setInterest(Interest.WRITABLE);
                throttles[0].giveBack(throttles[0].permit(1));
                assertThat(mine.interest()).isSameAs(Interest.WRITABLE);
                handled.countDown();
              });
      throttles[0] = registration.throttle(Interest.READABLE, RateLimiter.perSecond(1_000));
      fake.start();
      registration.setInterest(Interest.READABLE);
      Await.await(entered);
      synchronized (pollable) {
        synchronized (registration) {
          synchronized (throttles[0]) {
            synchronized (fake.loop) {
              locked.countDown();
              Await.await(handled);
              fake.loop.execute(executed::countDown);
              Await.await(executed);
              FutureTask<Void> cancelled =
                  Await.inBackground(
                      "cancels",
                      () -> {
                        Await.done(registration.cancel());
                        return null;
                      });
              Await.outcome(cancelled);
            }
          }
        }
      }
      assertThat(registration.isCancelled()).isTrue();
    }
  }
}
