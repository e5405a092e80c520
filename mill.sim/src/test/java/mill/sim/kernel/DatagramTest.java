package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.SERVER;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import mill.natives.net.SockOpt;
import mill.natives.net.UdpSocket;
import mill.sim.fault.FaultKind;
import org.junit.jupiter.api.Test;

/** What becomes of datagrams between two hosts. */
class DatagramTest {
  private final Map<FaultKind, Integer> happened = new EnumMap<>(FaultKind.class);

  /** Every third is lost, the fourth comes twice, the fifth late. */
  private class Bad implements FaultSource {
    private int sent;

    @Override
    public void happened(FaultKind kind) {
      happened.merge(kind, 1, Integer::sum);
    }

    @Override
    public boolean datagramLost(int from, int to) {
      return sent++ == 2;
    }

    @Override
    public boolean datagramDuplicated(int from, int to) {
      return sent == 4;
    }

    @Override
    public long datagramDelayNs(int from, int to) {
      return sent == 5 ? 5_000_000 : 0;
    }
  }

  private static List<Integer> exchange(TwoHosts hosts, int count) throws Exception {
    UdpSocket from = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
    UdpSocket to = UdpSocket.bind(hosts.server, hosts.at(SERVER, 0));
    MemorySegment buffer = hosts.arena.allocate(ValueLayout.JAVA_INT);
    for (int i = 0; i < count; i++) {
      buffer.set(ValueLayout.JAVA_INT, 0, i);
      assertThat(from.sendTo(buffer, 0, 4, to.localAddress())).isEqualTo(4);
      hosts.pass(Duration.ofMillis(1));
    }
    hosts.settle();
    List<Integer> received = new ArrayList<>();
    while (to.receive(buffer, 0, 4) == 4) {
      received.add(buffer.get(ValueLayout.JAVA_INT, 0));
    }
    return received;
  }

  @Test
  void withoutFaultsAllArrive() throws Exception {
    play(hosts -> assertThat(exchange(hosts, 5)).containsExactly(0, 1, 2, 3, 4));
  }

  @Test
  void oneIsLostOneComesTwiceOneIsOvertaken() throws Exception {
    play(new Bad(), hosts -> assertThat(exchange(hosts, 6)).containsExactly(0, 1, 3, 3, 5, 4));
    assertThat(happened)
        .containsEntry(FaultKind.DATAGRAM_LOST, 1)
        .containsEntry(FaultKind.DATAGRAM_DUPLICATED, 1)
        .containsEntry(FaultKind.DATAGRAM_REORDERED, 1);
  }

  @Test
  void whatFindsNobodyIsToldToAConnectedSocketOnce() throws Exception {
    play(hosts -> {
      UdpSocket from = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      from.connect(hosts.at(SERVER, 9));
      from.send(hosts.bytes("x"), 0, 1);
      hosts.settle();
      assertThat(errorOf(() -> from.send(hosts.bytes("x"), 0, 1))).isEqualTo("ECONNREFUSED");
      assertThat(from.receive(hosts.arena.allocate(1), 0, 1)).isNegative();
    });
  }

  @Test
  void whatFindsNobodyIsNotToldToAnUnconnectedSocket() throws Exception {
    play(hosts -> {
      UdpSocket from = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      from.sendTo(hosts.bytes("x"), 0, 1, hosts.at(SERVER, 9));
      hosts.settle();
      assertThat(from.sendTo(hosts.bytes("x"), 0, 1, hosts.at(SERVER, 9))).isEqualTo(1);
    });
  }

  @Test
  void whatDoesNotFitIntoTheReceiversBufferIsLost() throws Exception {
    play(hosts -> {
      UdpSocket from = UdpSocket.bind(hosts.client, hosts.at(CLIENT, 0));
      UdpSocket to = UdpSocket.bind(hosts.server, hosts.at(SERVER, 0));
      to.setOption(SockOpt.SO_RCVBUF, 5_000);
      MemorySegment kilobyte = hosts.arena.allocate(1_000);
      for (int i = 0; i < 20; i++) {
        from.sendTo(kilobyte, 0, 1_000, to.localAddress());
      }
      hosts.settle();
      int received = 0;
      while (to.receive(kilobyte, 0, 1_000) == 1_000) {
        received++;
      }
      assertThat(received).isBetween(3, 10);
    });
  }
}
