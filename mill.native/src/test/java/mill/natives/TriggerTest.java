package mill.natives;

import static mill.testnet.Net.readText;
import static mill.testnet.Net.writeText;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TriggerTest {
  private static final long TOKEN = 7;

  private Watch watch;
  private TcpPair tcp;

  @BeforeEach
  void open() throws IOException {
    watch = Watch.open();
    tcp = Net.tcpPair();
  }

  @AfterEach
  void close() {
    tcp.close();
    watch.close();
  }

  @Test
  void levelReportsAgainWhileDataIsUnread() throws IOException {
    watch.register(tcp.server(), TOKEN, Interest.READABLE, Trigger.LEVEL);
    writeText(tcp.client(), "ab");
    watch.await(TOKEN, Readiness.READABLE);
    assertThat(watch.now()).containsExactly(TOKEN);
    readText(tcp.server(), 1);
    assertThat(watch.now()).as("half read").containsExactly(TOKEN);
    readText(tcp.server(), 1);
    assertThat(watch.inAMoment()).as("all read").isEmpty();
  }

  @Test
  void levelReportsWritableAtEveryPoll() throws IOException {
    watch.register(tcp.client(), TOKEN, Interest.WRITABLE, Trigger.LEVEL);
    for (int i = 0; i < 3; i++) {
      assertThat(watch.now()).containsExactly(TOKEN);
    }
  }

  @Test
  void edgeReportsOncePerChange() throws IOException {
    watch.register(tcp.server(), TOKEN, Interest.READABLE, Trigger.EDGE);
    writeText(tcp.client(), "a");
    watch.await(TOKEN, Readiness.READABLE);
    assertThat(watch.inAMoment()).as("unread, but nothing new").isEmpty();
    writeText(tcp.client(), "b");
    watch.await(TOKEN, Readiness.READABLE);
    assertThat(readText(tcp.server(), 2)).isEqualTo("ab");
    assertThat(watch.inAMoment()).isEmpty();
  }

  @Test
  void edgeReportsWhatWasReadyBeforeRegistering() throws IOException {
    writeText(tcp.client(), "a");
    Net.untilReady(tcp.server(), Interest.READABLE);
    watch.register(tcp.server(), TOKEN, Interest.READABLE, Trigger.EDGE);
    assertThat(watch.now()).containsExactly(TOKEN);
    assertThat(watch.now()).isEmpty();
  }

  @Test
  void edgeReportsAgainWhenTheInterestIsSetAnew() throws IOException {
    watch.register(tcp.client(), TOKEN, Interest.WRITABLE, Trigger.EDGE);
    assertThat(watch.now()).containsExactly(TOKEN);
    assertThat(watch.now()).isEmpty();
    watch.poller.change(tcp.client(), Interest.WRITABLE, Trigger.EDGE);
    assertThat(watch.now()).containsExactly(TOKEN);
  }

  @Test
  void oneshotReportsOnceUntilChanged() throws IOException {
    watch.register(tcp.server(), TOKEN, Interest.READABLE, Trigger.ONESHOT);
    writeText(tcp.client(), "a");
    watch.await(TOKEN, Readiness.READABLE);
    writeText(tcp.client(), "b");
    assertThat(watch.inAMoment()).as("disarmed, though more arrives").isEmpty();
    watch.poller.change(tcp.server(), Interest.READABLE, Trigger.ONESHOT);
    assertThat(watch.awaitBatch()).containsExactly(TOKEN);
    assertThat(watch.inAMoment()).isEmpty();
  }

  @Test
  void oneshotThatHasFiredIsSilentAboutAResetToo() throws IOException {
    watch.register(tcp.server(), TOKEN, Interest.READABLE, Trigger.ONESHOT);
    writeText(tcp.client(), "a");
    watch.await(TOKEN, Readiness.READABLE);
    Net.reset(tcp.client());
    assertThat(watch.inAMoment()).isEmpty();
    watch.poller.change(tcp.server(), Interest.READABLE, Trigger.ONESHOT);
    assertThat(watch.await(TOKEN, Readiness.READABLE).isError()).isTrue();
  }

  @Test
  void triggerCanBeChangedInPlace() throws IOException {
    watch.register(tcp.client(), TOKEN, Interest.WRITABLE, Trigger.ONESHOT);
    assertThat(watch.now()).containsExactly(TOKEN);
    assertThat(watch.now()).isEmpty();
    watch.poller.change(tcp.client(), Interest.WRITABLE, Trigger.LEVEL);
    assertThat(watch.now()).containsExactly(TOKEN);
    assertThat(watch.now()).containsExactly(TOKEN);
  }
}
