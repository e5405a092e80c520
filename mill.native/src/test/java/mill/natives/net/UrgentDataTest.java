package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;

/** The call that answers {@link Interest#PRIORITY}. The sender is a socket of the JDK's. */
class UrgentDataTest {
  @Test
  void urgentByteStandsBesideTheOthers() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket sender = connected(listener);
        TcpStream receiver = Net.accept(listener);
        Watch watch = Watch.open();
        Arena arena = Arena.ofConfined()) {
      watch.register(receiver, 1, Interest.PRIORITY);
      sender.getOutputStream().write("ab".getBytes(StandardCharsets.US_ASCII));
      sender.sendUrgentData('!');
      watch.await(1, Readiness.PRIORITY);
      assertThat(receiver.readUrgent()).isEqualTo('!');
      assertThat(receiver.readUrgent()).isEqualTo(IoStatus.WOULD_BLOCK);
      assertThat(watch.inAMoment()).as("reported no more").isEmpty();
      assertThat(Net.readText(receiver, 2)).isEqualTo("ab");
      assertThat(receiver.read(arena.allocate(1))).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  @Test
  void laterUrgentByteTakesThePlaceOfAnEarlierOne() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket sender = connected(listener);
        TcpStream receiver = Net.accept(listener)) {
      sender.sendUrgentData(1);
      Net.untilReady(receiver, Interest.PRIORITY);
      sender.sendUrgentData(255);
      sender.getOutputStream().write('n');
      Net.untilReady(receiver, Interest.READABLE);
      assertThat(receiver.readUrgent()).isEqualTo(255);
    }
  }

  @Test
  void urgentByteComesInlineWhereThatIsAskedFor() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket sender = connected(listener);
        TcpStream receiver = Net.accept(listener);
        Arena arena = Arena.ofConfined()) {
      assertThat(receiver.getOption(SockOpt.SO_OOBINLINE)).isFalse();
      receiver.setOption(SockOpt.SO_OOBINLINE, true);
      sender.sendUrgentData('!');
      Net.untilReady(receiver, Interest.READABLE);
      MemorySegment buffer = arena.allocate(4);
      assertThat(receiver.readUrgent()).isEqualTo(IoStatus.WOULD_BLOCK);
      assertThat(receiver.read(buffer)).isEqualTo(1);
      assertThat(Net.text(buffer, 1)).isEqualTo("!");
    }
  }

  @Test
  void closedStreamHasNoUrgentData() throws IOException {
    try (TcpListener listener = TcpListener.bind(Net.loopback());
        Socket sender = connected(listener)) {
      TcpStream receiver = Net.accept(listener);
      receiver.close();
      assertThatThrownBy(receiver::readUrgent).isInstanceOf(ClosedChannelException.class);
      assertThat(sender.isConnected()).isTrue();
    }
  }

  private static Socket connected(TcpListener listener) throws IOException {
    var address = (InetSocketAddress) listener.localAddress();
    return new Socket(address.getAddress(), address.getPort());
  }
}
