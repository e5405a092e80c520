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
import mill.natives.ErrnoException;
import mill.natives.Net;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets.Family;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SocketOptionTest {
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_PRIORITY = 12;

  static List<SocketOption<Boolean>> flags() {
    return List.of(
        SocketOption.SO_KEEPALIVE,
        SocketOption.SO_REUSEADDR,
        SocketOption.SO_REUSEPORT,
        SocketOption.SO_BROADCAST,
        SocketOption.TCP_CORK,
        SocketOption.TCP_NODELAY);
  }

  @ParameterizedTest
  @MethodSource("flags")
  void flagReadsBackAsItWasSet(SocketOption<Boolean> option) throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      for (boolean value : new boolean[] {true, false, true}) {
        socket.setOption(option, value);
        assertThat(socket.getOption(option)).isEqualTo(value);
      }
    }
  }

  static List<SocketOption<Integer>> numbers() {
    return List.of(
        SocketOption.TCP_KEEPCNT,
        SocketOption.TCP_KEEPIDLE,
        SocketOption.TCP_KEEPINTVL,
        SocketOption.TCP_USER_TIMEOUT,
        SocketOption.SO_LINGER);
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void numberReadsBackAsItWasSet(SocketOption<Integer> option) throws IOException {
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
      socket.setOption(SocketOption.SO_SNDBUF, 20_000);
      socket.setOption(SocketOption.SO_RCVBUF, 30_000);
      assertThat(socket.getOption(SocketOption.SO_SNDBUF)).isEqualTo(40_000);
      assertThat(socket.getOption(SocketOption.SO_RCVBUF)).isEqualTo(60_000);
    }
  }

  @Test
  void listenersOptionsReadBack() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET)) {
      listener.setOption(SocketOption.TCP_DEFER_ACCEPT, 1);
      assertThat(listener.getOption(SocketOption.TCP_DEFER_ACCEPT)).isPositive();
      listener.bindTo(Net.loopback());
      listener.listen(5);
      listener.setOption(SocketOption.TCP_FASTOPEN, 5);
      assertThat(listener.getOption(SocketOption.TCP_FASTOPEN)).isEqualTo(5);
    }
  }

  @Test
  void listenersMayTakeAnAddressInTimeWait() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback())) {
      assertThat(listener.getOption(SocketOption.SO_REUSEADDR)).isTrue();
    }
  }

  @Test
  void quickAckAndIncomingCpuAreKnown() throws IOException {
    try (Net.TcpPair tcp = Net.tcpPair()) {
      tcp.client().setOption(SocketOption.TCP_QUICKACK, true);
      assertThat(tcp.client().getOption(SocketOption.TCP_QUICKACK)).isNotNull();
      assertThat(tcp.server().getOption(SocketOption.SO_INCOMING_CPU)).isGreaterThanOrEqualTo(-1);
    }
  }

  @Test
  void lingerIsOffOnOrReset() throws IOException {
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      assertThat(socket.getOption(SocketOption.SO_LINGER)).as("default").isNegative();
      socket.setOption(SocketOption.SO_LINGER, 0);
      assertThat(socket.getOption(SocketOption.SO_LINGER)).isZero();
      socket.setOption(SocketOption.SO_LINGER, 9);
      assertThat(socket.getOption(SocketOption.SO_LINGER)).isEqualTo(9);
      socket.setOption(SocketOption.SO_LINGER, -1);
      assertThat(socket.getOption(SocketOption.SO_LINGER)).isNegative();
    }
  }

  @Test
  void v6OnlyBelongsToIpv6() throws IOException {
    try (UdpSocket four = UdpSocket.open(Family.INET)) {
      assertThatThrownBy(() -> four.setOption(SocketOption.IPV6_V6ONLY, true))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("setsockopt(IPV6_V6ONLY)");
    }
    try (UdpSocket six = UdpSocket.open(Family.INET6)) {
      for (boolean value : new boolean[] {true, false}) {
        six.setOption(SocketOption.IPV6_V6ONLY, value);
        assertThat(six.getOption(SocketOption.IPV6_V6ONLY)).isEqualTo(value);
      }
    }
  }

  @Test
  void optionOfAnotherProtocolIsRefusedByTheKernel() throws IOException {
    try (UdpSocket udp = UdpSocket.open(Family.INET)) {
      assertThatThrownBy(() -> udp.getOption(SocketOption.TCP_NODELAY))
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("getsockopt(TCP_NODELAY): EOPNOTSUPP");
    }
  }

  @Test
  void reusePortLetsTwoListenersShareAnAddress() throws IOException {
    try (TcpListener one = TcpListener.open(Family.INET);
        TcpListener two = TcpListener.open(Family.INET)) {
      one.setOption(SocketOption.SO_REUSEPORT, true);
      two.setOption(SocketOption.SO_REUSEPORT, true);
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
        Arrays.stream(SocketOption.class.getFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .toList();
    assertThat(fields).hasSizeGreaterThan(15);
    for (var field : fields) {
      var option = (SocketOption<?>) field.get(null);
      assertThat(option).hasToString(field.getName());
      assertThat(option.name()).isEqualTo(field.getName());
      assertThat(Platform.current().option(option.name())).as("%s", option).isNotNull();
    }
    assertThat(Platform.current().option("SO_SUCH")).isNull();
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
    var constructor = SocketOption.class.getDeclaredConstructor(String.class, Class.class);
    constructor.setAccessible(true);
    SocketOption<?> madeUp = constructor.newInstance("SO_SUCH", Integer.class);
    try (TcpStream socket = TcpStream.open(Family.INET)) {
      assertThatThrownBy(() -> socket.getOption(madeUp))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("there is no socket option SO_SUCH on " + Platform.current().name());
    }
  }
}
