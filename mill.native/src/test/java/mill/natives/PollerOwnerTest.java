package mill.natives;

import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.net.UnixStream;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;

/** What a poller does when others have a hand in its pollables: their owners, their users. */
class PollerOwnerTest {
  @Test
  void descriptorThatItsOwnerHasClosedIsDeregisteredOnce() throws IOException {
    try (Watch watch = Watch.open()) {
      RawFd borrowed = borrowedAndClosed(watch, 1);
      assertThat(watch.poller.deregister(borrowed)).isTrue();
      assertThat(watch.poller.deregister(borrowed)).isFalse();
      borrowed.close();
    }
  }

  @Test
  void descriptorThatItsOwnerHasClosedIsSilencedAndRegisteredNoMore() throws IOException {
    try (Watch watch = Watch.open()) {
      RawFd borrowed = borrowedAndClosed(watch, 1);
      watch.poller.change(borrowed, Interest.NONE, Trigger.LEVEL);
      assertThatThrownBy(() -> watch.poller.change(borrowed, Interest.READABLE, Trigger.LEVEL))
          .isInstanceOf(ErrnoException.class);
      assertThat(watch.poller.deregister(borrowed)).isTrue();
      borrowed.close();
    }
  }

  @Test
  void closingWhatItsOwnerHasClosedIsTold() throws IOException {
    List<Long> closed = new ArrayList<>();
    try (Watch watch = Watch.tellingClosed(closed::add)) {
      RawFd borrowed = borrowedAndClosed(watch, 7);
      borrowed.close();
      assertThat(closed).containsExactly(7L);
      assertThat(watch.poller.deregister(borrowed)).isFalse();
    }
  }

  // vert.x#2907: a user who locks what he uses must not hold up those who poll it.
  @Test
  @SuppressWarnings("try") // it is closed where nobody may hold it up
  void monitorOfAUserHoldsNobodyUp() throws Exception {
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream stream = pair.first();
        UnixStream peer = pair.second();
        Watch watch = Watch.open()) {
      synchronized (stream) {
        outcome(
            inBackground(
                "uses what another has locked",
                () -> {
                  watch.register(stream, 1, Interest.READABLE);
                  watch.poller.change(stream, Interest.WRITABLE, Trigger.LEVEL);
                  watch.await(1, Readiness.WRITABLE);
                  watch.poller.deregister(stream);
                  watch.register(stream, 2, Interest.READABLE);
                  stream.close();
                  return peer.isOpen();
                }));
      }
      assertThat(stream.isOpen()).isFalse();
    }
  }

  @Test
  void pollableOfAClosedPollerIsFreeForAnother() throws IOException {
    List<Long> closed = new ArrayList<>();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream peer = pair.second();
        Watch next = Watch.open()) {
      Watch watch = Watch.tellingClosed(closed::add);
      watch.register(pair.first(), 1, Interest.READABLE);
      watch.close();
      next.register(pair.first(), 2, Interest.READABLE);
      Net.writeText(peer, "for the other");
      next.await(2, Readiness.READABLE);
      assertThat(watch.poller.deregister(pair.first())).as("not its own any more").isFalse();
      pair.first().close();
      assertThat(closed).isEmpty();
    }
  }

  private static RawFd borrowedAndClosed(Watch watch, long token) throws IOException {
    PipePair pipe = PipePair.open();
    RawFd borrowed = RawFd.borrow(pipe.source().fd());
    watch.register(borrowed, token, Interest.READABLE);
    pipe.close();
    return borrowed;
  }
}
