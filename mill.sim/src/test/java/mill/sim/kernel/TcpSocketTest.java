package mill.sim.kernel;

import static mill.sim.kernel.TwoHosts.CLIENT;
import static mill.sim.kernel.TwoHosts.SERVER;
import static mill.sim.kernel.TwoHosts.errorOf;
import static mill.sim.kernel.TwoHosts.ip;
import static mill.sim.kernel.TwoHosts.play;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.sim.kernel.TwoHosts.Connection;
import org.junit.jupiter.api.Test;

/** What TCP does between two hosts, beyond the contract: resets, windows, backlogs. */
class TcpSocketTest {
  @Test
  void whatIsSentAfterThePeerHasClosedIsAnsweredByAReset() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.server().close();
      hosts.settle();
      assertThat(hosts.read(connection.client())).isEqualTo("<end>");
      hosts.send(connection.client(), "too late");
      hosts.settle();
      // After a FIN a reset breaks the pipe, and is none of a reader's business.
      assertThat(hosts.read(connection.client())).isEqualTo("<end>");
      assertThat(errorOf(() -> hosts.send(connection.client(), "x"))).isEqualTo("EPIPE");
    });
  }

  @Test
  void closingWithUnreadBytesResetsWhatThePeerHears() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.send(connection.server(), "read me");
      hosts.send(connection.client(), "unread");
      hosts.settle();
      connection.server().close();
      hosts.settle();
      // What had arrived before is there, then the reset, once.
      assertThat(errorOf(() -> hosts.read(connection.client()))).isEqualTo("ECONNRESET");
      assertThat(hosts.read(connection.client())).isEqualTo("<end>");
      assertThat(errorOf(() -> hosts.send(connection.client(), "x"))).isEqualTo("EPIPE");
    });
  }

  @Test
  void whatArrivedBeforeAResetCanStillBeRead() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.send(connection.server(), "last words");
      hosts.settle();
      connection.server().setOption(SockOpt.SO_LINGER, 0);
      connection.server().close();
      hosts.settle();
      var buffer = hosts.arena.allocate(10);
      assertThat(connection.client().read(buffer)).isEqualTo(10);
      assertThat(errorOf(() -> connection.client().read(buffer))).isEqualTo("ECONNRESET");
    });
  }

  @Test
  void aWriterMeetsTheResetOnceThenABrokenPipe() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.server().setOption(SockOpt.SO_LINGER, 0);
      connection.server().close();
      hosts.settle();
      assertThat(errorOf(() -> hosts.send(connection.client(), "x"))).isEqualTo("ECONNRESET");
      assertThat(errorOf(() -> hosts.send(connection.client(), "x"))).isEqualTo("EPIPE");
    });
  }

  @Test
  void aFinComesAfterTheBytesBeforeIt() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      long sent = hosts.fill(connection.client());
      hosts.settle();
      sent += hosts.fill(connection.client()); // for which there is no window
      connection.client().close();
      hosts.settle();
      var chunk = hosts.arena.allocate(10_000);
      long got = 0;
      while (got < sent) {
        int read = connection.server().read(chunk);
        assertThat(read).as("after %d of %d", got, sent).isNotEqualTo(IoStatus.END_OF_STREAM);
        got += Math.max(read, 0);
        if (read < 0) {
          hosts.settle();
        }
      }
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEqualTo("<end>");
    });
  }

  @Test
  void afterAHalfCloseTheOtherHalfGoesOn() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      hosts.send(connection.client(), "question");
      connection.client().shutdownWrite();
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEqualTo("question<end>");
      hosts.send(connection.server(), "answer");
      connection.server().close();
      hosts.settle();
      assertThat(hosts.read(connection.client())).isEqualTo("answer<end>");
    });
  }

  @Test
  void aWriterIsHeldBackByTheReadersWindowAndItsOwnBuffer() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      connection.client().setOption(SockOpt.SO_SNDBUF, 20_000);
      connection.server().setOption(SockOpt.SO_RCVBUF, 30_000);
      long taken = 0;
      for (int i = 0; i < 10; i++) {
        taken += hosts.fill(connection.client());
        hosts.settle();
      }
      // The window that stood before the reader's buffer shrank is not taken back (RFC 9293).
      assertThat(taken).isBetween(50_000L, 20_000L + 65_536);
      assertThat(hosts.ready(hosts.client, connection.client(), Interest.WRITABLE)).isZero();
    });
  }

  @Test
  void aWindowThatWasClosedIsToldToBeOpen() throws Exception {
    play(hosts -> {
      Connection connection = hosts.connection();
      long taken = 0;
      for (int i = 0; i < 5; i++) {
        taken += hosts.fill(connection.client());
        hosts.settle();
      }
      long got = 0;
      for (int i = 0; i < 10; i++) {
        got += hosts.drain(connection.server());
        hosts.settle();
      }
      assertThat(got).isEqualTo(taken);
      assertThat(hosts.ready(hosts.client, connection.client(), Interest.WRITABLE))
          .isEqualTo(Readiness.WRITABLE);
      hosts.send(connection.client(), "more");
      hosts.settle();
      assertThat(hosts.read(connection.server())).isEqualTo("more");
    });
  }

  @Test
  void aFullBacklogDropsTheSynWhichIsSentAgain() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 1);
      var clients = new TcpStream[3];
      for (int i = 0; i < clients.length; i++) {
        clients[i] = TcpStream.connect(hosts.client, listener.localAddress());
        hosts.settle();
      }
      assertThat(clients[1].finishConnect()).as("one more than the backlog").isTrue();
      assertThat(clients[2].finishConnect()).as("and no more").isFalse();
      assertThat(listener.accept()).isNotNull();
      hosts.pass(Duration.ofSeconds(2));
      assertThat(clients[2].finishConnect()).isTrue();
    });
  }

  @Test
  void closingAListenerResetsWhoWaits() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.settle();
      assertThat(client.finishConnect()).isTrue();
      listener.close();
      hosts.settle();
      assertThat(errorOf(() -> hosts.read(client))).isEqualTo("ECONNRESET");
    });
  }

  @Test
  void aConnectionThatWasResetWhileItWaitedIsAcceptedDead() throws Exception {
    play(hosts -> {
      TcpListener listener = hosts.listener(80, 8);
      TcpStream client = TcpStream.connect(hosts.client, listener.localAddress());
      hosts.settle();
      assertThat(client.finishConnect()).isTrue();
      client.setOption(SockOpt.SO_LINGER, 0);
      client.close();
      hosts.settle();
      TcpStream server = listener.accept();
      assertThat(server).isNotNull();
      assertThat(errorOf(() -> hosts.read(server))).isEqualTo("ECONNRESET");
      assertThat(server.remoteAddress()).isNull();
    });
  }

  @Test
  void aPortWhereNobodyListensRefuses() throws Exception {
    play(hosts -> {
      TcpStream client = TcpStream.connect(hosts.client, hosts.at(SERVER, 80));
      hosts.settle();
      assertThat(errorOf(client::finishConnect)).isEqualTo("ECONNREFUSED");
    });
  }

  @Test
  void anAddressOfNoHostIsUnreachable() throws Exception {
    play(hosts -> {
      var outside = new InetSocketAddress(ip("192.0.2.1"), 80);
      assertThat(errorOf(() -> TcpStream.connect(hosts.client, outside))).isEqualTo("ENETUNREACH");
      TcpStream client =
          TcpStream.connect(hosts.client, new InetSocketAddress(ip("10.0.0.99"), 80));
      hosts.settle();
      assertThat(client.finishConnect()).isFalse();
      hosts.pass(Duration.ofSeconds(4));
      assertThat(errorOf(client::finishConnect)).isEqualTo("EHOSTUNREACH");
    });
  }

  @Test
  void loopbackIsOnesOwnHostAlone() throws Exception {
    play(hosts -> {
      TcpListener listener =
          TcpListener.bind(hosts.server, new InetSocketAddress(ip("127.0.0.1"), 80), 8);
      assertThat(listener.localAddress()).isNotNull();
      for (InetSocketAddress to :
          new InetSocketAddress[] {
            new InetSocketAddress(ip("127.0.0.1"), 80), hosts.at(SERVER, 80)
          }) {
        TcpStream client = TcpStream.connect(hosts.client, to);
        hosts.settle();
        assertThat(errorOf(client::finishConnect)).isEqualTo("ECONNREFUSED");
      }
    });
  }

  @Test
  void aListenerOnAllAddressesHearsBothFamilies() throws Exception {
    play(hosts -> {
      TcpListener listener = TcpListener.bind(hosts.server, new InetSocketAddress(ip("::"), 80), 8);
      InetSocketAddress[] ways = {
        hosts.at(SERVER, 80), new InetSocketAddress(hosts.network.address6(SERVER), 80)
      };
      InetSocketAddress[] sources = {
        hosts.at(CLIENT, 0), new InetSocketAddress(hosts.network.address6(CLIENT), 0)
      };
      for (int i = 0; i < ways.length; i++) {
        TcpStream client = TcpStream.connect(hosts.client, ways[i]);
        hosts.settle();
        assertThat(client.finishConnect()).isTrue();
        TcpStream server = listener.accept();
        assertThat(server).isNotNull();
        var peer = (InetSocketAddress) server.remoteAddress();
        assertThat(peer).isEqualTo(client.localAddress());
        assertThat(peer.getAddress()).isEqualTo(sources[i].getAddress());
      }
    });
  }

  @Test
  void aSegmentTakesTimeBetweenHostsAndNoneWithinOne() throws Exception {
    play(hosts -> {
      hosts.network.delay(1_000_000, 1_000_000);
      Connection connection = hosts.connection();
      hosts.send(connection.client(), "x");
      hosts.pass(Duration.ofNanos(999_999));
      assertThat(hosts.read(connection.server())).isEmpty();
      hosts.pass(Duration.ofNanos(2));
      assertThat(hosts.read(connection.server())).isEqualTo("x");
      TcpListener own = TcpListener.bind(hosts.client, hosts.at(CLIENT, 80), 8);
      TcpStream loop = TcpStream.connect(hosts.client, own.localAddress());
      assertThat(loop.finishConnect()).isTrue();
    });
  }
}
