package mill.natives;

import static mill.testnet.Net.writeText;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InterestTest {
  private static final long TOKEN = 3;

  @Test
  void unionsAreMadeOnceSoThatIdentityCompares() {
    assertThat(Interest.READABLE.with(Interest.WRITABLE)).isSameAs(Interest.READABLE_WRITABLE);
    assertThat(Interest.READABLE_WRITABLE.without(Interest.READABLE)).isSameAs(Interest.WRITABLE);
    assertThat(Interest.READABLE.without(Interest.READABLE_WRITABLE)).isSameAs(Interest.NONE);
    assertThat(Interest.NONE.with(Interest.PRIORITY)).isSameAs(Interest.PRIORITY);
  }

  @Test
  void namesSayWhatIsInTheUnion() {
    assertThat(Interest.NONE).hasToString("NONE");
    assertThat(Interest.READABLE_WRITABLE.with(Interest.PRIORITY))
        .hasToString("READABLE|WRITABLE|PRIORITY");
    assertThat(Interest.PRIORITY.isPriority()).isTrue();
    assertThat(Interest.PRIORITY.isReadable()).isFalse();
    assertThat(Interest.PRIORITY.isWritable()).isFalse();
  }

  @Test
  void onlyWhatIsAskedForIsReported() throws IOException {
    try (Watch watch = Watch.open();
        TcpPair tcp = Net.tcpPair()) {
      writeText(tcp.client(), "a");
      Net.untilReady(tcp.server(), Interest.READABLE);
      watch.register(tcp.server(), TOKEN, Interest.WRITABLE);
      assertThat(watch.await(TOKEN, 0)).isSameAs(Readiness.of(Readiness.WRITABLE));
      watch.poller.change(tcp.server(), Interest.READABLE, Trigger.LEVEL);
      assertThat(watch.await(TOKEN, 0)).isSameAs(Readiness.of(Readiness.READABLE));
      watch.poller.change(tcp.server(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
      assertThat(watch.await(TOKEN, 0))
          .isSameAs(Readiness.of(Readiness.READABLE | Readiness.WRITABLE));
      watch.poller.change(tcp.server(), Interest.PRIORITY, Trigger.LEVEL);
      assertThat(watch.inAMoment()).isEmpty();
    }
  }

  @Test
  void noneIsSilentAndArmingAgainReportsWhatWaits() throws IOException {
    try (Watch watch = Watch.open();
        TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.NONE);
      writeText(tcp.client(), "a");
      assertThat(watch.inAMoment()).as("registered with NONE").isEmpty();
      watch.poller.change(tcp.server(), Interest.READABLE, Trigger.LEVEL);
      watch.await(TOKEN, Readiness.READABLE);
      watch.poller.change(tcp.server(), Interest.NONE, Trigger.LEVEL);
      watch.poller.change(tcp.server(), Interest.NONE, Trigger.LEVEL);
      assertThat(watch.inAMoment()).as("changed to NONE").isEmpty();
      watch.poller.change(tcp.server(), Interest.READABLE, Trigger.LEVEL);
      watch.await(TOKEN, Readiness.READABLE);
      watch.poller.change(tcp.server(), Interest.NONE, Trigger.LEVEL);
      assertThat(watch.poller.deregister(tcp.server())).isTrue();
      assertThat(watch.inAMoment()).isEmpty();
    }
  }

  // FIN then RST with an armed mask of 0 spun 132,567 wake-ups in 100 ms.
  @ParameterizedTest
  @EnumSource(Trigger.class)
  void resetConnectionWithoutInterestDoesNotSpin(Trigger trigger) throws IOException {
    try (Watch watch = Watch.open();
        TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.READABLE, trigger);
      tcp.client().shutdownWrite();
      watch.await(TOKEN, Readiness.READ_CLOSED);
      watch.poller.change(tcp.server(), Interest.NONE, trigger);
      Net.reset(tcp.client());
      assertThat(watch.inAMoment()).isEmpty();
      assertThat(watch.inAMoment()).isEmpty();
      watch.poller.change(tcp.server(), Interest.READABLE, trigger);
      assertThat(watch.await(TOKEN, 0).isError()).isTrue();
    }
  }

  @Test
  void finThenResetIsReportedOnceToAHandlerThatCloses() throws IOException {
    Interest[] interests = {
      Interest.READABLE, Interest.WRITABLE, Interest.READABLE_WRITABLE, Interest.PRIORITY
    };
    for (Interest interest : interests) {
      for (Trigger trigger : Trigger.values()) {
        try (Watch watch = Watch.open();
            TcpPair tcp = Net.tcpPair()) {
          watch.register(tcp.server(), TOKEN, interest, trigger);
          tcp.client().shutdownWrite();
          Net.reset(tcp.client());
          if (trigger == Trigger.LEVEL) {
            assertThat(watch.await(TOKEN, Readiness.ERROR | Readiness.WRITE_CLOSED).isReadClosed())
                .isTrue();
          } else {
            watch.await(TOKEN, 0);
          }
          tcp.server().close();
          assertThat(watch.inAMoment()).as("%s, %s", interest, trigger).isEmpty();
        }
      }
    }
  }

  @Test
  void edgeDoesNotSpinOnAResetConnection() throws IOException {
    try (Watch watch = Watch.open();
        TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.READABLE_WRITABLE, Trigger.EDGE);
      tcp.client().shutdownWrite();
      Net.reset(tcp.client());
      int reports = 0;
      while (!watch.inAMoment().isEmpty()) {
        reports++;
        assertThat(reports)
            .as("one report for each of writable, FIN and RST")
            .isLessThanOrEqualTo(3);
      }
      assertThat(reports).isPositive();
    }
  }

  @Test
  void halfClosedPeerDoesNotSpinUnderAWriter() throws IOException {
    try (Watch watch = Watch.open();
        TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.server(), TOKEN, Interest.PRIORITY);
      tcp.client().shutdownWrite();
      assertThat(watch.inAMoment()).as("FIN is for readers").isEmpty();
      Net.reset(tcp.client());
      assertThat(watch.await(TOKEN, 0).isError()).as("a reset is for everyone").isTrue();
    }
  }
}
