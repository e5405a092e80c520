package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.List;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;

/** The wildcard address is that of IPv4 and IPv6 both, as with java.nio and Netty (#4770). */
@DisabledIf(
    value = "mill.natives.net.TcpListenerTest#noIpv6",
    disabledReason = "this machine has no ::1")
class WildcardTest {
  @Test
  void listenerOfAnyAddressIsReachedByBothFamilies() throws IOException {
    for (InetSocketAddress any :
        List.of(new InetSocketAddress(0), wildcard("0.0.0.0"), wildcard("::"))) {
      try (TcpListener listener = TcpListener.bind(any)) {
        int port = ((InetSocketAddress) listener.localAddress()).getPort();
        Net.tcpPair(listener, Net.loopback6(port)).close();
        try (TcpPair four = Net.tcpPair(listener, Net.loopback(port))) {
          assertThat(four.server().remoteAddress()).isEqualTo(four.client().localAddress());
        }
      }
    }
  }

  @Test
  void shardsOfAnyAddressAreReachedByBothFamilies() throws IOException {
    List<TcpListener> shards =
        TcpListener.bindShards(CurrentPlatform.get(), new InetSocketAddress(0), 16, 2);
    try {
      int port = ((InetSocketAddress) shards.getFirst().localAddress()).getPort();
      for (InetSocketAddress to : List.of(Net.loopback6(port), Net.loopback(port))) {
        try (TcpStream client = TcpStream.connect(to)) {
          Net.finishConnect(client);
        }
      }
    } finally {
      shards.forEach(TcpListener::close);
    }
  }

  @Test
  void datagramSocketOfAnyAddressHearsAndAnswersBothFamilies() throws IOException {
    var from = new NativeAddress();
    try (UdpSocket any = UdpSocket.bind(new InetSocketAddress(0));
        Arena arena = Arena.ofConfined()) {
      int port = ((InetSocketAddress) any.localAddress()).getPort();
      for (InetSocketAddress local : List.of(Net.loopback(), Net.loopback6(0))) {
        try (UdpSocket asks = UdpSocket.bind(local)) {
          MemorySegment buffer = arena.allocate(8);
          asks.sendTo(buffer, 0, 3, new InetSocketAddress(local.getAddress(), port));
          Net.untilReady(any, Interest.READABLE);
          assertThat(any.receiveFrom(buffer, 0, 8, from)).isEqualTo(3);
          assertThat(any.sendTo(buffer, 0, 2, asks.localAddress())).isEqualTo(2);
          Net.untilReady(asks, Interest.READABLE);
          assertThat(asks.receive(buffer, 0, 8)).isEqualTo(2);
        }
      }
    }
  }

  // bindv6only=1, FreeBSD and Windows would have it on.
  @Test
  void socketsOfIpv6TakeIpv4() throws IOException {
    try (TcpListener listener = TcpListener.open(Family.INET6);
        TcpStream stream = TcpStream.open(Family.INET6);
        UdpSocket udp = UdpSocket.open(Family.INET6)) {
      assertThat(listener.getOption(SockOpt.IPV6_V6ONLY)).isFalse();
      assertThat(stream.getOption(SockOpt.IPV6_V6ONLY)).isFalse();
      assertThat(udp.getOption(SockOpt.IPV6_V6ONLY)).isFalse();
    }
  }

  @Test
  void addressOfOneFamilyStaysInIt() throws IOException {
    try (TcpListener four = TcpListener.bind(Net.loopback())) {
      assertThat(((InetSocketAddress) four.localAddress()).getAddress())
          .isEqualTo(Net.ip("127.0.0.1"));
    }
  }

  private static InetSocketAddress wildcard(String literal) {
    return new InetSocketAddress(Net.ip(literal), 0);
  }
}
