package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import mill.natives.CurrentPlatform;
import mill.natives.platform.OptionCode;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import org.junit.jupiter.api.Test;

/** Linux waits in {@code close(2)} for unsent data whatever O_NONBLOCK says (netty#3268). */
class TcpLingerTest {
  private static final int LINGER_SECONDS = 20;

  @Test
  void closeReturnsAtOnceThoughItWasToldToLingerAndThePeerGetsEverything() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        TcpPair tcp = Net.tcpPair(listener)) {
      tcp.client().setOption(SockOpt.SO_LINGER, LINGER_SECONDS);
      closesAtOnceAndDelivers(tcp.client(), tcp.server());
    }
  }

  @Test
  void lingeringIsInheritedFromTheListener() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      listener.setOption(SockOpt.SO_LINGER, LINGER_SECONDS);
      try (TcpPair tcp = Net.tcpPair(listener)) {
        assertThat(tcp.server().getOption(SockOpt.SO_LINGER)).isEqualTo(LINGER_SECONDS);
        closesAtOnceAndDelivers(tcp.server(), tcp.client());
      }
    }
  }

  @Test
  void lingeringThatWasAskedForByNumberDoesNotHoldUpEither() throws IOException {
    OptionCode code = CurrentPlatform.get().option("SO_LINGER");
    assertThat(code).as("every system lingers").isNotNull();
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      MemorySegment linger = arena.allocateFrom(ValueLayout.JAVA_INT, 1, LINGER_SECONDS);
      tcp.client().setOption(code.level(), code.number(), linger);
      assertThat(tcp.client().getOption(SockOpt.SO_LINGER)).isEqualTo(LINGER_SECONDS);
      closesAtOnceAndDelivers(tcp.client(), tcp.server());
    }
  }

  private static void closesAtOnceAndDelivers(TcpStream sender, TcpStream receiver)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1 << 20);
      long sent = Net.fill(sender, buffer);
      long start = System.nanoTime();
      sender.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isLessThan(Duration.ofSeconds(LINGER_SECONDS / 2));
      long received = 0;
      int read;
      while ((read = Net.read(receiver, buffer)) != IoStatus.END_OF_STREAM) {
        received += read;
      }
      assertThat(received).isEqualTo(sent);
    }
  }
}
