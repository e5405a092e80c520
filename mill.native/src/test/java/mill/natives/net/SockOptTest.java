package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SockOptTest {
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_PRIORITY = 12;

  static List<SockOpt<Boolean>> flags() {
    return List.of(
        SockOpt.SO_KEEPALIVE,
        SockOpt.SO_REUSEADDR,
        SockOpt.SO_REUSEPORT,
        SockOpt.SO_BROADCAST,
        SockOpt.TCP_CORK,
        SockOpt.TCP_NODELAY);
  }

  @ParameterizedTest
  @MethodSource("flags")
  void flagReadsBackAsItWasSet(SockOpt<Boolean> option) throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      for (boolean value : new boolean[] {true, false, true}) {
        socket.setOption(option, value);
        assertThat(socket.getOption(option)).isEqualTo(value);
      }
    }
  }

  static List<SockOpt<Integer>> numbers() {
    return List.of(
        SockOpt.TCP_KEEPCNT,
        SockOpt.TCP_KEEPIDLE,
        SockOpt.TCP_KEEPINTVL,
        SockOpt.TCP_USER_TIMEOUT,
        SockOpt.SO_LINGER);
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void numberReadsBackAsItWasSet(SockOpt<Integer> option) throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      for (int value : new int[] {7, 100, 3}) {
        socket.setOption(option, value);
        assertThat(socket.getOption(option)).isEqualTo(value);
      }
    }
  }

  @Test
  void bufferSizesReadBackDoubled() throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      socket.setOption(SockOpt.SO_SNDBUF, 20_000);
      socket.setOption(SockOpt.SO_RCVBUF, 30_000);
      assertThat(socket.getOption(SockOpt.SO_SNDBUF)).isEqualTo(40_000);
      assertThat(socket.getOption(SockOpt.SO_RCVBUF)).isEqualTo(60_000);
    }
  }

  @Test
  void listenersOptionsReadBack() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET)) {
      listener.setOption(SockOpt.TCP_DEFER_ACCEPT, 1);
      assertThat(listener.getOption(SockOpt.TCP_DEFER_ACCEPT)).isPositive();
      listener.bindTo(Net.loopback());
      listener.listen(5);
      listener.setOption(SockOpt.TCP_FASTOPEN, 5);
      assertThat(listener.getOption(SockOpt.TCP_FASTOPEN)).isEqualTo(5);
    }
  }

  @Test
  void listenersMayTakeAnAddressInTimeWait() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      assertThat(listener.getOption(SockOpt.SO_REUSEADDR)).isTrue();
    }
  }

  @Test
  void listenersThatWereOpenedMayTakeAnAddressInTimeWaitToo() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET)) {
      assertThat(listener.getOption(SockOpt.SO_REUSEADDR)).isTrue();
    }
  }

  // Nagle's algorithm and delayed acknowledgements: a reply in two writes took 44 ms.
  @Test
  void streamsSendAtOnceHoweverTheyWereMade() throws IOException {
    try (TcpStream opened = TcpStream.open(Family.INET);
        Net.TcpPair tcp = Net.tcpPair()) {
      assertThat(opened.getOption(SockOpt.TCP_NODELAY)).isTrue();
      assertThat(tcp.client().getOption(SockOpt.TCP_NODELAY)).as("connected").isTrue();
      assertThat(tcp.server().getOption(SockOpt.TCP_NODELAY)).as("accepted").isTrue();
    }
  }

  @Test
  void quickAckAndIncomingCpuAreKnown() throws IOException {
    try (Net.TcpPair tcp = Net.tcpPair()) {
      tcp.client().setOption(SockOpt.TCP_QUICKACK, true);
      assertThat(tcp.client().getOption(SockOpt.TCP_QUICKACK)).isNotNull();
      assertThat(tcp.server().getOption(SockOpt.SO_INCOMING_CPU)).isGreaterThanOrEqualTo(-1);
    }
  }

  @Test
  void lingerIsOffOnOrReset() throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      assertThat(socket.getOption(SockOpt.SO_LINGER)).as("default").isNegative();
      socket.setOption(SockOpt.SO_LINGER, 0);
      assertThat(socket.getOption(SockOpt.SO_LINGER)).isZero();
      socket.setOption(SockOpt.SO_LINGER, 9);
      assertThat(socket.getOption(SockOpt.SO_LINGER)).isEqualTo(9);
      socket.setOption(SockOpt.SO_LINGER, -1);
      assertThat(socket.getOption(SockOpt.SO_LINGER)).isNegative();
    }
  }

  @Test
  void v6OnlyBelongsToIpv6() throws IOException {
    try (UdpSocket four = UdpSocket.open(Family.INET)) {
      assertThatThrownBy(() -> four.setOption(SockOpt.IPV6_V6ONLY, true))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("setsockopt(IPV6_V6ONLY)");
    }
    try (UdpSocket six = UdpSocket.open(Family.INET6)) {
      for (boolean value : new boolean[] {true, false}) {
        six.setOption(SockOpt.IPV6_V6ONLY, value);
        assertThat(six.getOption(SockOpt.IPV6_V6ONLY)).isEqualTo(value);
      }
    }
  }

  @Test
  void optionOfAnotherProtocolIsRefusedByTheKernel() throws IOException {
    try (UdpSocket udp = UdpSocket.open(Family.INET)) {
      assertThatThrownBy(() -> udp.getOption(SockOpt.TCP_NODELAY))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("getsockopt(TCP_NODELAY): EOPNOTSUPP");
    }
  }

  @Test
  void reusePortLetsTwoListenersShareAnAddress() throws IOException {
    try (TcpListener one = TcpListener.open(Family.INET);
        TcpListener two = TcpListener.open(Family.INET)) {
      one.setOption(SockOpt.SO_REUSEPORT, true);
      two.setOption(SockOpt.SO_REUSEPORT, true);
      one.bindTo(Net.loopback());
      two.bindTo(one.localAddress());
      one.listen(1);
      two.listen(1);
      assertThat(two.localAddress()).isEqualTo(one.localAddress());
    }
  }

  @Test
  void everyOptionHasItsNumbersOnThisSystem() throws IllegalAccessException {
    var fields =
        Arrays.stream(SockOpt.class.getFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .toList();
    assertThat(fields).hasSizeGreaterThan(15);
    for (var field : fields) {
      var option = (SockOpt<?>) field.get(null);
      assertThat(option).hasToString(field.getName());
      assertThat(option.name()).isEqualTo(field.getName());
      assertThat(CurrentPlatform.get().option(option.name())).as("%s", option).isNotNull();
    }
    assertThat(CurrentPlatform.get().option("SO_SUCH")).isNull();
  }

  @Test
  void rawEscapeSetsAndGets() throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET);
        Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      value.set(ValueLayout.JAVA_INT, 0, 5);
      socket.setOption(SOL_SOCKET, SO_PRIORITY, value);
      value.set(ValueLayout.JAVA_INT, 0, -1);
      assertThat(socket.getOption(SOL_SOCKET, SO_PRIORITY, value)).isEqualTo(4);
      assertThat(value.get(ValueLayout.JAVA_INT, 0)).isEqualTo(5);
      assertThat(socket.getOption(SOL_SOCKET, SO_TYPE, value)).isEqualTo(4);
      assertThat(value.get(ValueLayout.JAVA_INT, 0)).as("SOCK_STREAM").isEqualTo(1);
    }
  }

  @Test
  void rawEscapeNamesTheNumbersWhenRefused() throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET);
        Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      assertThatThrownBy(() -> socket.setOption(SOL_SOCKET, 9_999, value))
          .hasMessage("setsockopt(1, 9999): ENOPROTOOPT (errno 92)");
      assertThatThrownBy(() -> socket.getOption(SOL_SOCKET, 9_999, value))
          .hasMessage("getsockopt(1, 9999): ENOPROTOOPT (errno 92)");
      MemorySegment heap = MemorySegment.ofArray(new int[1]);
      assertThatThrownBy(() -> socket.getOption(SOL_SOCKET, SO_TYPE, heap))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Java heap");
    }
  }

  @Test
  void unknownOptionIsRefusedWithItsNameAndTheSystems() throws Exception {
    // No option of today is missing on Linux, so one is made up.
    var constructor = SockOpt.class.getDeclaredConstructor(String.class, Class.class);
    constructor.setAccessible(true);
    SockOpt<?> madeUp = constructor.newInstance("SO_SUCH", Integer.class);
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      assertThatThrownBy(() -> socket.getOption(madeUp))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("there is no socket option SO_SUCH on " + CurrentPlatform.get().name());
    }
  }
}
