package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets.Family;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What socket options promise on every system. */
class SocketOptionContractTest extends PlatformContract {
  @Test
  void aListenerMayTakeAnAddressInTimeWait() throws IOException {
    assertTrue(listener().getOption(SockOpt.SO_REUSEADDR));
  }

  @Test
  void socketsAreSetUpBeforeTheyAreBoundOrConnected() throws IOException {
    TcpListener listener = closing(TcpListener.open(platform(), Family.INET));
    listener.setOption(SockOpt.SO_RCVBUF, 32 * 1024);
    listener.bindTo(loopback());
    listener.listen(8);
    TcpStream client = closing(TcpStream.open(platform(), Family.INET));
    client.setOption(SockOpt.SO_KEEPALIVE, true);
    client.bindTo(loopback());
    client.startConnect(listener.localAddress());
    TcpStream server = closing(accepted(listener));
    waitOnce(client, Interest.WRITABLE);
    assertTrue(client.finishConnect());
    assertTrue(client.getOption(SockOpt.SO_KEEPALIVE));
    assertEquals(client.localAddress(), server.remoteAddress());
    assertTrue(listener.getOption(SockOpt.SO_RCVBUF) >= 32 * 1024);
    UdpSocket udp = closing(UdpSocket.open(platform(), Family.INET));
    udp.setOption(SockOpt.SO_RCVBUF, 32 * 1024);
    udp.bindTo(loopback());
    assertTrue(udp.getOption(SockOpt.SO_RCVBUF) >= 32 * 1024);
    for (Pollable each : List.of(listener, client, server, udp)) {
      assertSame(platform(), each.platform());
    }
  }

  @Test
  void flagsAreSetAndRead() throws IOException {
    TcpStream stream = connection().client();
    for (var flag : new SockOpt<?>[] {SockOpt.TCP_NODELAY, SockOpt.SO_KEEPALIVE}) {
      @SuppressWarnings("unchecked")
      var option = (SockOpt<Boolean>) flag;
      stream.setOption(option, true);
      assertTrue(stream.getOption(option), () -> option + " on");
      stream.setOption(option, false);
      assertEquals(false, stream.getOption(option), () -> option + " off");
    }
  }

  @Test
  void keepAliveTimesAreSetAndRead() throws IOException {
    TcpStream stream = connection().client();
    stream.setOption(SockOpt.SO_KEEPALIVE, true);
    stream.setOption(SockOpt.TCP_KEEPIDLE, 30);
    stream.setOption(SockOpt.TCP_KEEPINTVL, 5);
    stream.setOption(SockOpt.TCP_KEEPCNT, 3);
    assertEquals(30, stream.getOption(SockOpt.TCP_KEEPIDLE));
    assertEquals(5, stream.getOption(SockOpt.TCP_KEEPINTVL));
    assertEquals(3, stream.getOption(SockOpt.TCP_KEEPCNT));
  }

  @Test
  void bufferSizesAreAtLeastWhatWasAskedFor() throws IOException {
    TcpStream stream = connection().client();
    stream.setOption(SockOpt.SO_SNDBUF, 32 * 1024);
    stream.setOption(SockOpt.SO_RCVBUF, 32 * 1024);
    assertTrue(stream.getOption(SockOpt.SO_SNDBUF) >= 32 * 1024);
    assertTrue(stream.getOption(SockOpt.SO_RCVBUF) >= 32 * 1024);
  }

  @Test
  void lingerIsInSeconds() throws IOException {
    TcpStream stream = connection().client();
    assertEquals(-1, stream.getOption(SockOpt.SO_LINGER));
    stream.setOption(SockOpt.SO_LINGER, 7);
    assertEquals(7, stream.getOption(SockOpt.SO_LINGER));
    stream.setOption(SockOpt.SO_LINGER, 0);
    assertEquals(0, stream.getOption(SockOpt.SO_LINGER));
    stream.setOption(SockOpt.SO_LINGER, -1);
    assertEquals(-1, stream.getOption(SockOpt.SO_LINGER));
  }

  @Test
  void broadcastIsAskedFor() throws IOException {
    UdpSocket socket = closing(UdpSocket.bind(platform(), loopback()));
    assertEquals(false, socket.getOption(SockOpt.SO_BROADCAST));
    socket.setOption(SockOpt.SO_BROADCAST, true);
    assertTrue(socket.getOption(SockOpt.SO_BROADCAST));
  }

  @Test
  void anOptionCanBeSetByItsNumbers() throws IOException {
    TcpStream stream = connection().client();
    OptionCode code = platform().option("TCP_NODELAY");
    assertNotNull(code);
    var value = arena.allocate(ValueLayout.JAVA_INT);
    value.set(ValueLayout.JAVA_INT, 0, 1);
    stream.setOption(code.level(), code.number(), value);
    value.set(ValueLayout.JAVA_INT, 0, 0);
    int length = stream.getOption(code.level(), code.number(), value);
    assertTrue(length >= 1);
    assertTrue(value.get(ValueLayout.JAVA_INT, 0) != 0);
  }

  @Test
  void aWrongOptionIsRefused() throws IOException {
    TcpStream stream = connection().client();
    OptionCode code = platform().option("TCP_NODELAY");
    assertNotNull(code);
    var value = arena.allocate(ValueLayout.JAVA_INT);
    assertTrue(errorOf(() -> stream.setOption(code.level(), 0x7abc, value)).startsWith("E"));
  }

  @Test
  void ipv6OnlyIsRead() throws IOException {
    UdpSocket socket;
    try {
      var any = new InetSocketAddress(InetAddress.ofLiteral("::1"), 0);
      socket = closing(UdpSocket.bind(platform(), any));
    } catch (mill.natives.ErrnoException e) {
      Assumptions.abort("no IPv6 here: " + e.getMessage());
      return;
    }
    assertNotNull(socket.getOption(SockOpt.IPV6_V6ONLY));
  }
}
