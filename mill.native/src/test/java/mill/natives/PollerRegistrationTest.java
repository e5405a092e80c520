package mill.natives;

import static mill.testnet.Net.writeText;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.net.UnixStream;
import mill.natives.platform.Platform;
import mill.testing.Await;
import mill.testing.Doubles;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import mill.testnet.Watch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PollerRegistrationTest {
  private Watch watch;
  private UnixStream.Pair pair;

  @BeforeEach
  void open() throws IOException {
    watch = Watch.open();
    pair = UnixStream.pair();
  }

  @AfterEach
  void close() {
    pair.first().close();
    pair.second().close();
    watch.close();
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        1,
        -2,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        0x8000_0000L,
        0xffff_ffffL,
        0x0123_4567_89ab_cdefL
      })
  void tokenComesBackWithAllItsBits(long token) throws IOException {
    watch.register(pair.first(), token, Interest.WRITABLE);
    assertThat(watch.now()).containsExactly(token);
    watch.poller.change(pair.first(), Interest.READABLE_WRITABLE, Trigger.EDGE);
    assertThat(watch.now()).as("after a change").containsExactly(token);
  }

  @Test
  void everyBitOfATokenIsKept() throws IOException {
    for (int bit = 0; bit < Long.SIZE; bit++) {
      long token = 1L << bit;
      watch.register(pair.first(), token, Interest.WRITABLE);
      assertThat(watch.now()).containsExactly(token);
      assertThat(watch.poller.deregister(pair.first())).isTrue();
    }
  }

  @Test
  void oneTokenMayStandForSeveral() throws IOException {
    watch.register(pair.first(), 4, Interest.WRITABLE);
    watch.register(pair.second(), 4, Interest.WRITABLE);
    assertThat(watch.now()).containsExactly(4L, 4L);
  }

  @Test
  void wakersTokenIsRefused() {
    assertThatThrownBy(() -> watch.register(pair.first(), Poller.RESERVED_TOKEN, Interest.WRITABLE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("token -1");
    assertThat(watch.poller.deregister(pair.first())).as("nothing was registered").isFalse();
  }

  @Test
  void registeringTwiceIsRefusedAndTheFirstStays() throws IOException {
    watch.register(pair.first(), 1, Interest.WRITABLE);
    assertThatThrownBy(() -> watch.register(pair.first(), 2, Interest.READABLE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("registered already");
    try (Watch other = Watch.open()) {
      assertThatThrownBy(() -> other.register(pair.first(), 2, Interest.READABLE))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("registered already");
      assertThat(other.poller.deregister(pair.first())).isFalse();
      assertThatThrownBy(() -> other.poller.change(pair.first(), Interest.WRITABLE, Trigger.LEVEL))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("not registered with this poller");
    }
    assertThat(watch.now()).containsExactly(1L);
  }

  @Test
  void changingWhatIsNotRegisteredIsRefused() {
    assertThatThrownBy(() -> watch.poller.change(pair.first(), Interest.WRITABLE, Trigger.LEVEL))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not registered");
  }

  @Test
  void pollableOfAnotherPlatformIsRefused() {
    Platform real = CurrentPlatform.get();
    Platform foreign =
        Doubles.of(
            Platform.class,
            real,
            (method, arguments) -> method.getName().equals("name") ? "elsewhere" : null);
    try (var stranger =
        new Pollable(foreign, 0) {
          @Override
          protected int closeDescriptor(int fd) {
            return 0;
          }
        }) {
      assertThatThrownBy(() -> watch.register(stranger, 1, Interest.READABLE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("elsewhere")
          .hasMessageContaining(real.name());
    }
  }

  @Test
  void plainFileIsRefusedWithItsErrorsName() throws IOException {
    Path file = Files.createTempFile("mill", ".txt").toRealPath();
    try (var stream = new RandomAccessFile(file.toFile(), "rw");
        RawFd borrowed = RawFd.borrow(descriptorOf(file))) {
      assertThat(stream.length()).isZero();
      assertThatThrownBy(() -> watch.register(borrowed, 1, Interest.READABLE))
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EPERM"))
          .hasMessageContaining("register(RawFd[fd " + borrowed.fd() + "], READABLE): EPERM");
      assertThat(watch.poller.deregister(borrowed)).as("nothing is registered").isFalse();
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void closedPollableIsRefused() {
    pair.first().close();
    assertThatThrownBy(() -> watch.register(pair.first(), 1, Interest.READABLE))
        .isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> watch.poller.change(pair.first(), Interest.READABLE, Trigger.LEVEL))
        .isInstanceOf(ClosedChannelException.class);
    assertThat(watch.poller.deregister(pair.first())).isFalse();
  }

  @Test
  void deregisteredIsSilentAndMayBeRegisteredAgain() throws IOException {
    watch.register(pair.first(), 1, Interest.WRITABLE);
    assertThat(watch.now()).containsExactly(1L);
    assertThat(watch.poller.deregister(pair.first())).isTrue();
    assertThat(watch.now()).isEmpty();
    assertThat(watch.poller.deregister(pair.first())).as("a second time").isFalse();
    watch.register(pair.first(), 2, Interest.WRITABLE);
    assertThat(watch.now()).containsExactly(2L);
    watch.poller.deregister(pair.first());
    try (Watch other = Watch.open()) {
      other.register(pair.first(), 3, Interest.WRITABLE);
      assertThat(other.now()).containsExactly(3L);
      assertThat(watch.now()).isEmpty();
    }
  }

  @Test
  void staleTokenIsNotReportedAfterDeregister() throws IOException {
    writeText(pair.second(), "a");
    for (int i = 0; i < 2_000; i++) {
      watch.register(pair.first(), i, Interest.READABLE_WRITABLE);
      assertThat(watch.now()).containsExactly((long) i);
      watch.poller.deregister(pair.first());
      assertThat(watch.now()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Trigger.class)
  void closingARegisteredPollableTellsItsTokenAndSilencesADuplicate(Trigger trigger)
      throws IOException {
    List<Long> closed = new ArrayList<>();
    try (Watch telling = Watch.tellingClosed(closed::add)) {
      telling.register(pair.first(), 17, Interest.READABLE_WRITABLE, trigger);
      try (RawFd duplicate = RawFd.own(Descriptors.duplicate(pair.first().fd()))) {
        pair.first().close();
        assertThat(closed).containsExactly(17L);
        writeText(pair.second(), "a");
        assertThat(duplicate.isOpen()).isTrue();
        assertThat(telling.inAMoment()).as("the open file lives on in the duplicate").isEmpty();
      }
      pair.first().close();
      assertThat(closed).as("told once").containsExactly(17L);
    }
  }

  @Test
  void deregisteringThenClosingTellsNothingAndSilencesADuplicate() throws IOException {
    List<Long> closed = new ArrayList<>();
    try (Watch telling = Watch.tellingClosed(closed::add)) {
      telling.register(pair.first(), 18, Interest.READABLE_WRITABLE);
      try (RawFd duplicate = RawFd.own(Descriptors.duplicate(pair.first().fd()))) {
        telling.poller.deregister(pair.first());
        pair.first().close();
        assertThat(duplicate.isOpen()).isTrue();
        assertThat(telling.inAMoment()).isEmpty();
      }
      assertThat(closed).isEmpty();
    }
  }

  @Test
  void closingWhatIsRegisteredWithoutInterestTellsItsToken() throws IOException {
    List<Long> closed = new ArrayList<>();
    try (Watch telling = Watch.tellingClosed(closed::add)) {
      telling.register(pair.first(), 19, Interest.NONE);
      pair.first().close();
      assertThat(closed).containsExactly(19L);
    }
  }

  @Test
  void closedTokenIsToldBeforeTheDescriptorIsFree() throws IOException {
    List<Boolean> free = new ArrayList<>();
    int fd = pair.first().fd();
    try (Watch telling =
        Watch.tellingClosed(token -> {
          int duplicate = Descriptors.duplicate(fd);
          free.add(duplicate < 0);
          CurrentPlatform.get().sockets().close(duplicate);
        })) {
      telling.register(pair.first(), 1, Interest.READABLE);
      pair.first().close();
      assertThat(free).containsExactly(false);
    }
  }

  // A closed descriptor's number is the next one's: its events must bear the next one's token.
  @Test
  void tokenOfAClosedOneNeverArrivesThroughAReusedNumber() throws IOException {
    int reused = 0;
    int lastFd = -1;
    for (int i = 0; i < 5_000; i++) {
      PipePair pipe = PipePair.open();
      reused += pipe.source().fd() == lastFd ? 1 : 0;
      lastFd = pipe.source().fd();
      watch.register(pipe.source(), i, Interest.READABLE);
      pipe.sink().close();
      if (i % 2 == 0) {
        assertThat(watch.now()).containsExactly((long) i);
      }
      pipe.source().close();
    }
    assertThat(watch.now()).isEmpty();
    assertThat(reused).as("numbers reused").isPositive();
  }

  @Test
  void reusedNumberUnderAnOlderDuplicateBearsTheNewToken() throws IOException {
    for (int i = 0; i < 500; i++) {
      UnixStream.Pair old = UnixStream.pair();
      watch.register(old.first(), 1_000_000 + i, Interest.WRITABLE);
      int duplicate = Descriptors.duplicate(old.first().fd());
      old.first().close();
      UnixStream.Pair fresh = UnixStream.pair();
      watch.register(fresh.first(), i, Interest.WRITABLE);
      assertThat(watch.now()).containsExactly((long) i);
      CurrentPlatform.get().sockets().close(duplicate);
      old.second().close();
      fresh.first().close();
      fresh.second().close();
    }
  }

  @Test
  void registrationsFromOtherThreadsReachAPollThatWaits() throws Exception {
    var polled = watch.pollElsewhere(Poller.FOREVER);
    watch.poller.register(pair.first(), 23, Interest.WRITABLE, Trigger.LEVEL);
    assertThat(Await.outcome(polled)).isEqualTo(1);
    assertThat(watch.tokens()).containsExactly(23L);
  }

  @Test
  void changesFromOtherThreadsReachAPollThatWaits() throws Exception {
    watch.register(pair.first(), 24, Interest.READABLE);
    var polled = watch.pollElsewhere(Poller.FOREVER);
    watch.poller.change(pair.first(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
    assertThat(Await.outcome(polled)).isEqualTo(1);
    assertThat(watch.tokens()).containsExactly(24L);
  }

  @Test
  void closingFromManyThreadsWhileChangingTellsTheTokenOnce() throws Exception {
    List<Long> closed = new ArrayList<>();
    try (Watch telling =
        Watch.tellingClosed(token -> {
          synchronized (closed) {
            closed.add(token);
          }
        })) {
      for (int round = 0; round < 300; round++) {
        UnixStream.Pair ends = UnixStream.pair();
        UnixStream stream = ends.first();
        telling.register(stream, round, Interest.READABLE);
        var changes =
            Await.inBackground(
                "changes",
                () -> {
                  try {
                    while (true) {
                      telling.poller.change(stream, Interest.WRITABLE, Trigger.LEVEL);
                      telling.poller.change(stream, Interest.NONE, Trigger.LEVEL);
                    }
                  } catch (ClosedChannelException e) {
                    return null;
                  }
                });
        var closes =
            Await.inBackground(
                "closes",
                () -> {
                  stream.close();
                  return null;
                });
        stream.close();
        Await.outcome(closes);
        Await.outcome(changes);
        assertThat(telling.now()).isEmpty();
        ends.second().close();
        synchronized (closed) {
          assertThat(closed).hasSize(round + 1).endsWith((long) round);
        }
      }
    }
  }

  @Test
  void connectionsOfTcpCanBeRegisteredBothEndsAtOnce() throws IOException {
    try (TcpPair tcp = Net.tcpPair()) {
      watch.register(tcp.client(), 1, Interest.READABLE);
      watch.register(tcp.server(), 2, Interest.READABLE);
      writeText(tcp.client(), "to the server");
      assertThat(watch.awaitBatch()).containsExactly(2L);
      writeText(tcp.server(), "to the client");
      watch.await(1, Readiness.READABLE);
      assertThat(watch.now()).containsExactlyInAnyOrder(1L, 2L);
    }
  }

  private static int descriptorOf(Path file) throws IOException {
    try (var numbers = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path number : numbers) {
        if (target(number).equals(file)) {
          return Integer.parseInt(number.getFileName().toString());
        }
      }
    }
    throw new AssertionError("not open: " + file);
  }

  private static Path target(Path link) throws IOException {
    try {
      return Files.readSymbolicLink(link);
    } catch (NoSuchFileException e) {
      return link; // another test's, closed meanwhile
    }
  }
}
