package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.PipePair;
import mill.natives.net.UdpSocket;
import mill.natives.platform.DescriptorKind;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EpollPollerTest {
  private static EpollPoller open(boolean nanosecondWait) throws IOException {
    return new EpollPoller(new LinuxSockets(new LinuxCalls()), LinuxErrnos.TABLE, nanosecondWait);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "999999, 1",
    "1000000, 1",
    "1000001, 2",
    "1999999, 2",
    "2147483646999999, 2147483647",
    "2147483647000000, 2147483647",
    "2147483647000001, 2147483647",
    "9223372036854775807, 2147483647"
  })
  void millisecondsAreRoundedUp(long timeoutNs, int timeoutMs) {
    assertThat(EpollPoller.roundUpToMillis(timeoutNs)).isEqualTo(timeoutMs);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void timeoutIsNeverShorterThanAskedWithEitherWait(boolean nanosecondWait) throws IOException {
    EpollPoller poller = open(nanosecondWait);
    try {
      var events = new ReadyEvents(4);
      for (long timeoutNs : new long[] {1, 700, 300_000, 999_999, 1_000_001, 2_500_000}) {
        for (int i = 0; i < 5; i++) {
          long start = System.nanoTime();
          assertThat(poller.poll(events, timeoutNs)).isZero();
          assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(timeoutNs);
          assertThat(events.size()).isZero();
        }
      }
    } finally {
      poller.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void zeroDoesNotWaitWithEitherWait(boolean nanosecondWait) throws IOException {
    EpollPoller poller = open(nanosecondWait);
    try {
      var events = new ReadyEvents(1);
      long shortest = Long.MAX_VALUE;
      for (int i = 0; i < 200; i++) {
        long start = System.nanoTime();
        assertThat(poller.poll(events, 0)).isZero();
        shortest = Math.min(shortest, System.nanoTime() - start);
      }
      assertThat(shortest).isLessThan(TimeUnit.MICROSECONDS.toNanos(500));
    } finally {
      poller.close();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void wakeAndEventsEndEitherWait(boolean nanosecondWait) throws IOException {
    EpollPoller poller = open(nanosecondWait);
    try (PipePair pipe = PipePair.open()) {
      var events = new ReadyEvents(4);
      for (long timeoutNs : new long[] {-1, Await.PATIENCE_NS, Long.MAX_VALUE}) {
        poller.wake();
        events.clear();
        assertThat(poller.poll(events, timeoutNs)).isZero();
        assertThat(events.woken()).isTrue();
        assertThat(events.size()).isZero();
        assertThat(poller.add(pipe.sink().fd(), 77, Interest.WRITABLE, Trigger.LEVEL)).isZero();
        events.clear();
        assertThat(poller.poll(events, timeoutNs)).isZero();
        assertThat(events.woken()).isFalse();
        assertThat(events.token(0)).isEqualTo(77);
        assertThat(poller.remove(pipe.sink().fd())).isZero();
      }
    } finally {
      poller.close();
    }
  }

  @Test
  void onlyAnErrorOfWhatIsNoSocketEndsIt() throws IOException {
    EpollPoller poller = open(true);
    try (PipePair pipe = PipePair.open();
        UdpSocket udp = UdpSocket.bind(Net.loopback())) {
      int sink = pipe.sink().fd();
      assertThat(poller.add(sink, DescriptorKind.OTHER, 7, Interest.WRITABLE, Trigger.LEVEL))
          .isZero();
      pipe.source().close();
      assertThat(next(poller)).isEqualTo("ReadyEvents[7 READABLE|WRITABLE|WRITE_CLOSED|ERROR]");
      assertThat(poller.remove(sink)).isZero();
      // The same token, as a table of slots may give it out again.
      DescriptorKind kind = udp.kind();
      assertThat(poller.add(udp.fd(), kind, 7, Interest.READABLE, Trigger.LEVEL)).isZero();
      udp.connect(nobody());
      udp.send(Arena.global().allocate(1), 0, 1);
      assertThat(next(poller)).isEqualTo("ReadyEvents[7 READABLE|WRITABLE|ERROR]");
    } finally {
      poller.close();
    }
  }

  private static SocketAddress nobody() throws IOException {
    try (UdpSocket gone = UdpSocket.bind(Net.loopback())) {
      return gone.localAddress();
    }
  }

  private static String next(EpollPoller poller) {
    var events = new ReadyEvents(4);
    assertThat(poller.poll(events, Await.PATIENCE_NS)).isZero();
    return events.toString();
  }

  @Test
  void errorsOfTheKernelComeBackAsNegativeNumbers() throws IOException {
    EpollPoller poller = open(true);
    try (PipePair pipe = PipePair.open()) {
      int fd = pipe.sink().fd();
      assertThat(poller.remove(fd)).isEqualTo(-LinuxErrnos.TABLE.number("ENOENT"));
      assertThat(poller.modify(fd, 1, Interest.WRITABLE, Trigger.LEVEL))
          .isEqualTo(-LinuxErrnos.TABLE.number("ENOENT"));
      assertThat(poller.add(fd, 1, Interest.WRITABLE, Trigger.LEVEL)).isZero();
      assertThat(poller.add(fd, 1, Interest.WRITABLE, Trigger.LEVEL))
          .isEqualTo(-LinuxErrnos.TABLE.number("EEXIST"));
      assertThat(poller.add(987_654, 1, Interest.WRITABLE, Trigger.LEVEL))
          .isEqualTo(-LinuxErrnos.TABLE.number("EBADF"));
    } finally {
      poller.close();
    }
  }

  @Test
  void largerBatchesThanTheFirstAreFilled() throws IOException {
    EpollPoller poller = open(true);
    PipePair[] pipes = new PipePair[30];
    try {
      for (int i = 0; i < pipes.length; i++) {
        pipes[i] = PipePair.open();
        poller.add(pipes[i].sink().fd(), i, Interest.WRITABLE, Trigger.LEVEL);
      }
      for (int capacity : new int[] {1, 5, 30, 2, 64}) {
        var events = new ReadyEvents(capacity);
        assertThat(poller.poll(events, 0)).isZero();
        assertThat(events.size()).isEqualTo(Math.min(capacity, 30));
      }
    } finally {
      poller.close();
      for (PipePair pipe : pipes) {
        pipe.close();
      }
    }
  }

  @Test
  void wakeAfterCloseWritesNowhere() throws IOException {
    EpollPoller poller = open(true);
    poller.close();
    try (Net.TcpPair tcp = Net.tcpPair()) {
      poller.wake();
      assertThat(tcp.server().isOpen()).isTrue();
    }
  }
}
