package mill.natives;

import static mill.testing.Await.inBackground;
import static mill.testing.Await.outcome;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.net.IoStatus;
import mill.natives.net.RawFd;
import mill.natives.net.UnixStream;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;

class PollableTest {
  /** A descriptor that does not exist and notices when it is used after it was given back. */
  private static final class Probe extends Pollable {
    final AtomicInteger closes = new AtomicInteger();
    final int closeResult;

    Probe(int closeResult) {
      super(CurrentPlatform.get(), 1_000_000);
      this.closeResult = closeResult;
    }

    Probe() {
      this(0);
    }

    /** Acquires and releases once; false if the probe was closed. */
    boolean use() {
      try {
        acquire();
      } catch (ClosedChannelException e) {
        return false;
      }
      try {
        assertThat(closes).as("given back under a call").hasValue(0);
        Thread.onSpinWait();
        assertThat(closes).as("given back under a call").hasValue(0);
      } finally {
        release();
      }
      return true;
    }

    void begin() throws ClosedChannelException {
      acquire();
    }

    void end() {
      release();
    }

    @Override
    protected int closeDescriptor(int fd) {
      assertThat(fd).isEqualTo(fd());
      closes.incrementAndGet();
      return closeResult;
    }
  }

  @Test
  void actionsOfTheCloseRunInTurnOnceTheDescriptorIsGivenBackWhateverTheyThrow() throws Exception {
    var probe = new Probe();
    var ran = new ArrayList<String>();
    probe.onClose(() -> {
      ran.add("first after " + probe.closes);
      throw new IllegalStateException("the first");
    });
    probe.onClose(() -> ran.add("second"));
    probe.begin();
    probe.close();
    assertThat(ran).as("while a call is in flight").isEmpty();
    assertThatThrownBy(probe::end).hasMessage("the first");
    assertThat(ran).containsExactly("first after 1", "second");
    probe.onClose(() -> ran.add("late"));
    probe.close();
    assertThat(ran).containsExactly("first after 1", "second", "late");
  }

  @Test
  void closeGivesTheDescriptorBackOnce() {
    var probe = new Probe();
    assertThat(probe.isOpen()).isTrue();
    probe.close();
    assertThat(probe.isOpen()).isFalse();
    probe.close();
    probe.close();
    assertThat(probe.closes).hasValue(1);
  }

  @Test
  void acquireAfterCloseThrows() {
    var probe = new Probe();
    probe.close();
    assertThatThrownBy(probe::begin).isInstanceOf(ClosedChannelException.class);
    assertThat(probe.closes).hasValue(1);
  }

  @Test
  void closeWaitsForTheLastCallInFlight() throws IOException {
    var probe = new Probe();
    probe.begin();
    probe.begin();
    probe.close();
    assertThat(probe.isOpen()).isFalse();
    assertThat(probe.closes).hasValue(0);
    probe.end();
    assertThat(probe.closes).hasValue(0);
    assertThatThrownBy(probe::begin).isInstanceOf(ClosedChannelException.class);
    probe.end();
    assertThat(probe.closes).hasValue(1);
  }

  @Test
  void usesWithoutCloseGiveNothingBack() {
    try (var probe = new Probe()) {
      for (int i = 0; i < 1_000; i++) {
        assertThat(probe.use()).isTrue();
      }
      assertThat(probe.closes).hasValue(0);
    }
  }

  @Test
  void descriptorIsNeverGivenBackUnderACall() throws Exception {
    int users = 3;
    int closers = 2;
    var start = new CyclicBarrier(users + closers);
    for (int round = 0; round < 300; round++) {
      var probe = new Probe();
      List<FutureTask<Void>> threads = new ArrayList<>();
      for (int i = 0; i < users + closers; i++) {
        boolean closer = i < closers;
        threads.add(
            inBackground(
                "round " + round,
                () -> {
                  start.await();
                  if (closer) {
                    probe.close();
                    return null;
                  }
                  int uses = 0;
                  while (probe.use()) {
                    uses++;
                    assertThat(uses).as("uses until the close is seen").isLessThan(100_000_000);
                  }
                  return null;
                }));
      }
      for (FutureTask<Void> thread : threads) {
        outcome(thread);
      }
      assertThat(probe.closes).hasValue(1);
    }
  }

  // Closed by its owner, a number goes to the next who opens something: a read that is still in
  // flight would read a stranger's data.
  @Test
  void readsInFlightNeverReachTheNextOwnerOfTheNumber() throws Exception {
    for (int round = 0; round < 300; round++) {
      UnixStream.Pair pair = UnixStream.pair();
      var start = new CyclicBarrier(3);
      List<FutureTask<Void>> readers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        readers.add(
            inBackground(
                "reads",
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    MemorySegment buffer = arena.allocate(16);
                    start.await();
                    while (true) {
                      assertThat(pair.first().read(buffer)).isEqualTo(IoStatus.WOULD_BLOCK);
                    }
                  } catch (ClosedChannelException e) {
                    return null;
                  }
                }));
      }
      start.await();
      pair.first().close();
      // Takes the number of the first as soon as it is free, and has data waiting.
      UnixStream.Pair stranger = UnixStream.pair();
      Net.writeText(stranger.first(), "not yours");
      Net.writeText(stranger.second(), "not yours");
      for (FutureTask<Void> reader : readers) {
        outcome(reader);
      }
      pair.second().close();
      stranger.first().close();
      stranger.second().close();
    }
  }

  @Test
  void manyClosersCloseOnce() throws Exception {
    int closers = 3;
    var start = new CyclicBarrier(closers);
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      probes.add(new Probe());
    }
    List<FutureTask<Void>> threads = new ArrayList<>();
    for (int i = 0; i < closers; i++) {
      threads.add(
          inBackground(
              "closes",
              () -> {
                start.await();
                probes.forEach(Probe::close);
                return null;
              }));
    }
    for (FutureTask<Void> thread : threads) {
      outcome(thread);
    }
    assertThat(probes).allSatisfy(probe -> assertThat(probe.closes).hasValue(1));
  }

  @Test
  void numberClosedBySomebodyElseIsSaid() {
    var probe = new Probe(-CurrentPlatform.get().errnos().number("EBADF"));
    assertThatThrownBy(probe::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("descriptor 1000000 was closed by something else than its owner");
  }

  @Test
  void otherErrorsOfCloseAreNotTheCallers() {
    var probe = new Probe(-CurrentPlatform.get().errnos().number("EIO"));
    probe.close();
    assertThat(probe.closes).hasValue(1);
  }

  @Test
  void negativeNumberIsRefused() {
    assertThatThrownBy(() -> RawFd.own(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a descriptor: -1");
  }

  @Test
  void nameSaysNumberAndState() {
    var probe = new Probe();
    assertThat(probe).hasToString("Probe[fd 1000000]");
    probe.close();
    assertThat(probe).hasToString("Probe[fd 1000000, closed]");
  }
}
