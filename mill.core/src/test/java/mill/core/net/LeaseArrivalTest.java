package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import mill.core.EventLoop;
import mill.core.LoopRunner;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** A lease that arrives at a loop. */
class LeaseArrivalTest {
  // Who gives back on a third thread posts the lease to the loop that it was of; meanwhile its
  // connection may end there, and somebody else may ask again, at another loop.
  @Test
  void ofAnotherLoopItGoesThere() throws Exception {
    try (var far = Loops.start();
        var server = far.listen(PoolFixture.LINES, () -> (c, m, at, n) -> {});
        var group = EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build()).start();
        var pool = ConnectionPool.open(group, PoolFixture.CONFIG)) {
      EventLoop first = group.loops().get(0);
      EventLoop second = group.loops().get(1);
      CountDownLatch released = LoopRunner.hold(second);
      Recorder before = new Recorder();
      pool.lease(server.localAddress(), before); // that of the first loop
      before.connected();
      Recorder heard = new Recorder();
      Lease lease = pool.newLease(server.localAddress(), heard);
      lease.request(); // at the second, which is held up

      var arrival =
          new FutureTask<>(() -> {
            lease.arrived();
            return lease.step;
          });
      first.execute(arrival);

      assertThat(Await.outcome(arrival)).isEqualTo(Lease.Step.NONE);
      released.countDown();
      assertThat(heard.connected().loop()).isEqualTo(second);
    }
  }
}
