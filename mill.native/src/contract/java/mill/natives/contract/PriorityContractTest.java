package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import org.junit.jupiter.api.Test;

/** What is promised of urgent data; the sender is a socket of the JDK's, mill sends none. */
class PriorityContractTest extends PlatformContract {
  @Test
  void urgentDataIsReported() throws IOException {
    TcpListener listener = listener();
    var address = (InetSocketAddress) listener.localAddress();
    Socket sender = closing(new Socket(address.getAddress(), address.getPort()));
    TcpStream receiver = closing(accepted(listener));
    poller.register(receiver, 1, Interest.PRIORITY, Trigger.LEVEL);
    assertQuiet(1);
    sender.getOutputStream().write('n');
    sender.sendUrgentData('!');
    assertEquals(0, await(1, Readiness.PRIORITY) & Readiness.READ_CLOSED);
  }

  @Test
  void urgentDataIsTakenAndReportedNoMore() throws IOException {
    TcpListener listener = listener();
    var address = (InetSocketAddress) listener.localAddress();
    Socket sender = closing(new Socket(address.getAddress(), address.getPort()));
    TcpStream receiver = closing(accepted(listener));
    assertEquals(IoStatus.WOULD_BLOCK, receiver.readUrgent());
    poller.register(receiver, 1, Interest.PRIORITY, Trigger.LEVEL);
    sender.getOutputStream().write('n');
    sender.sendUrgentData(0xf1);
    await(1, Readiness.PRIORITY);
    assertEquals(0xf1, receiver.readUrgent());
    assertEquals(IoStatus.WOULD_BLOCK, receiver.readUrgent());
    assertQuiet(1);
  }
}
