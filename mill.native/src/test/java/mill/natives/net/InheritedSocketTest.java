package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mill.natives.CurrentPlatform;
import mill.natives.Descriptors;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sockets that a parent process, systemd for instance, has opened and passed on. */
class InheritedSocketTest {
  private static final Sockets SOCKETS = CurrentPlatform.get().sockets();

  private static final long O_CLOEXEC = 0x80000;

  @TempDir private Path folder;

  private interface Owning {
    Pollable own(int fd) throws IOException;
  }

  private static final List<Owning> ALL =
      List.of(
          TcpListener::own,
          TcpStream::own,
          UdpSocket::own,
          UnixListener::own,
          UnixStream::own,
          UnixDatagram::own);

  @Test
  void listenerAcceptsAndItsStreamsSendAtOnce() throws IOException {
    try (TcpListener first = TcpListener.bind(Net.loopback())) {
      first.setOption(SockOpt.TCP_NODELAY, false);
      try (TcpListener owned = TcpListener.own(inherited(first));
          TcpPair tcp = Net.tcpPair(owned, first.localAddress())) {
        assertThat(owned.localAddress()).isEqualTo(first.localAddress());
        assertThat(owned.getOption(SockOpt.TCP_NODELAY)).as("stays as it is").isFalse();
        assertThat(tcp.server().getOption(SockOpt.TCP_NODELAY)).isTrue();
      }
    }
  }

  @Test
  void streamIsConnectedOrNotAsItWas() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        TcpStream fresh = TcpStream.open(Family.INET);
        TcpStream owned = TcpStream.own(inherited(tcp.client()));
        TcpStream unconnected = TcpStream.own(inherited(fresh))) {
      assertThat(owned.isConnected()).isTrue();
      Net.writeText(owned, "taken over");
      assertThat(Net.readText(tcp.server(), 10)).isEqualTo("taken over");
      assertThat(unconnected.isConnected()).isFalse();
      try (TcpListener listener = TcpListener.bind(Net.loopback())) {
        unconnected.startConnect(listener.localAddress());
        Net.finishConnect(unconnected);
      }
    }
  }

  @Test
  void streamThatWasToldToLingerClosesAtOnce() throws IOException {
    try (TcpPair tcp = Net.tcpPair();
        Arena arena = Arena.ofConfined()) {
      TcpStream owned = TcpStream.own(inherited(tcp.client()));
      tcp.client().close();
      SOCKETS.setLinger(owned.fd(), 20);
      Net.fill(owned, arena.allocate(1 << 20));
      long start = System.nanoTime();
      owned.close();
      assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
    }
  }

  @Test
  void emptyDatagramIsNotTheEnd() throws IOException {
    try (UdpSocket receiver = UdpSocket.bind(Net.loopback());
        UdpSocket sender = UdpSocket.bind(Net.loopback());
        UdpSocket owned = UdpSocket.own(inherited(receiver));
        RawFd raw = RawFd.borrow(receiver.fd());
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(8);
      sender.sendTo(buffer, 0, 0, receiver.localAddress());
      Net.untilReady(owned, Interest.READABLE);
      assertThat(owned.receiveFrom(buffer, 0, 8, new NativeAddress())).isZero();
      sender.sendTo(buffer, 0, 0, receiver.localAddress());
      Net.untilReady(receiver, Interest.READABLE);
      assertThat(raw.read(buffer, 0, 8)).as("by any descriptor").isZero();
      assertThat(raw.read(buffer, 0, 8)).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  @Test
  void unixSocketsAreTakenOver() throws IOException {
    UnixAddress address = UnixAddress.of(folder.resolve("s"));
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixListener listener = UnixListener.bind(address);
        UnixListener owned = UnixListener.own(inherited(listener));
        UnixStream client = UnixStream.connect(address);
        UnixStream server = owned.accept();
        UnixStream first = pair.first();
        UnixStream second = UnixStream.own(inherited(pair.second()));
        UnixDatagram datagram = UnixDatagram.bind(UnixAddress.of(folder.resolve("d")));
        UnixDatagram ownedDatagram = UnixDatagram.own(inherited(datagram))) {
      pair.second().close();
      assertThat(server.isConnected()).isTrue();
      assertThat(client.isConnected()).isTrue();
      Net.writeText(first, "pair");
      assertThat(Net.readText(second, 4)).isEqualTo("pair");
      assertThat(ownedDatagram.localAddress()).isEqualTo(datagram.localAddress());
    }
  }

  @Test
  void whatIsTakenOverIsNonBlockingAndNotInherited() throws IOException {
    try (TcpListener first = TcpListener.bind(Net.loopback())) {
      int fd = inherited(first);
      SOCKETS.setNonBlocking(fd, false);
      assertThat(isInherited(fd)).isTrue();
      try (TcpListener owned = TcpListener.own(fd)) {
        assertThat(isInherited(fd)).isFalse();
        assertThat(owned.accept()).as("does not wait").isNull();
      }
    }
    try (PipePair pipe = PipePair.open()) {
      int fd = inherited(pipe.source());
      RawFd owned = RawFd.own(fd);
      assertThat(isInherited(fd)).isFalse();
      owned.close();
    }
  }

  @Test
  void socketOfAnotherKindIsRefusedAndStaysTheCallers() throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    try (TcpListener tcpListener = TcpListener.bind(Net.loopback());
        TcpStream tcpStream = TcpStream.open(Family.INET);
        UdpSocket udp = UdpSocket.open(Family.INET);
        UnixListener unixListener = UnixListener.bind(UnixAddress.of(folder.resolve("k")));
        UnixStream unixStream = pair.first();
        UnixStream peer = pair.second();
        UnixDatagram unixDatagram = UnixDatagram.open()) {
      List<Pollable> kinds =
          List.of(tcpListener, tcpStream, udp, unixListener, unixStream, unixDatagram);
      for (int kind = 0; kind < kinds.size(); kind++) {
        int fd = kinds.get(kind).fd();
        SOCKETS.setNonBlocking(fd, false);
        for (int other = 0; other < ALL.size(); other++) {
          Owning owning = ALL.get(other);
          if (other != kind) {
            assertThatThrownBy(() -> owning.own(fd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("descriptor " + fd);
          }
        }
        assertThat(SOCKETS.setNonBlocking(fd, true)).as("nothing was changed").isZero();
      }
      assertThat(peer.isOpen()).isTrue();
    }
  }

  @Test
  void whatIsNoSocketIsRefused() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      for (Owning owning : ALL) {
        assertThatThrownBy(() -> owning.own(pipe.source().fd()))
            .isInstanceOf(ErrnoException.class)
            .hasMessageContaining("ENOTSOCK");
        assertThatThrownBy(() -> owning.own(987_654)).hasMessageContaining("EBADF");
        assertThatThrownBy(() -> owning.own(-3)).hasMessageContaining("not a descriptor: -3");
      }
    }
  }

  @Test
  void ipv6SocketIsOneThoughItsAddressIsIpv4s() throws IOException {
    try (TcpListener any = TcpListener.bind(new InetSocketAddress(0));
        TcpPair tcp =
            Net.tcpPair(any, Net.loopback(((InetSocketAddress) any.localAddress()).getPort()));
        TcpStream owned = TcpStream.own(inherited(tcp.server()))) {
      assertThat(owned.family()).isEqualTo(tcp.server().family());
    }
  }

  /** A descriptor of the same socket, without what mill does to its own. */
  private static int inherited(Pollable socket) {
    return Descriptors.duplicate(socket.fd());
  }

  private static boolean isInherited(int fd) throws IOException {
    String flags =
        Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd)).stream()
            .filter(line -> line.startsWith("flags:"))
            .findFirst()
            .orElseThrow();
    return (Long.parseLong(flags.substring(6).strip(), 8) & O_CLOEXEC) == 0;
  }
}
