package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An echo server on one loop and its clients on another, with real sockets of whatever system this
 * is: every byte of every message is compared.
 */
class EchoOverLoopTest {
  private static final int CONNECTIONS = 64;
  private static final int MESSAGES = 200;
  private static final int MESSAGE_BYTES = 512;

  @ParameterizedTest
  @EnumSource(
      value = Trigger.class,
      names = {"LEVEL", "EDGE"})
  void everyMessageComesBackAsItWasSent(Trigger trigger) throws Exception {
    try (EventLoop serving = EventLoop.open();
        EventLoop driving = EventLoop.open();
        TcpListener listener = TcpListener.bind(Net.loopback());
        Arena arena = Arena.ofShared()) {
      var server = new Server(listener, arena.allocate(16 * 1024), trigger);
      serving.register(listener, Interest.READABLE, server);
      var clients = new Client[CONNECTIONS];
      var over = new CountDownLatch(CONNECTIONS);
      var address = (InetSocketAddress) listener.localAddress();
      MemorySegment buffer = arena.allocate(MESSAGE_BYTES);
      for (int i = 0; i < CONNECTIONS; i++) {
        TcpStream stream = TcpStream.connect(address);
        clients[i] = new Client(stream, i, buffer, over);
        driving.register(stream, Interest.READABLE_WRITABLE, trigger, clients[i]);
      }
      LoopRunner serverRunner = LoopRunner.start(serving);
      LoopRunner clientRunner = LoopRunner.start(driving);
      try {
        Await.await(over);
        Await.await(server.over);
      } finally {
        clientRunner.stopAndJoin();
        serverRunner.stopAndJoin();
      }
      assertThat(clientRunner.uncaught()).isEmpty();
      assertThat(serverRunner.uncaught()).isEmpty();
      int verified = 0;
      for (Client client : clients) {
        assertThat(client.message)
            .as("messages of connection %d", client.index)
            .isEqualTo(MESSAGES);
        verified += client.message;
      }
      assertThat(server.echoed).isEqualTo((long) CONNECTIONS * MESSAGES * MESSAGE_BYTES);
      System.out.printf(
          "echo: %d connections x %d messages of %d bytes through the loop, %s: %d verified%n",
          CONNECTIONS, MESSAGES, MESSAGE_BYTES, trigger, verified);
    }
  }

  private static final class Server implements EventHandler {
    final CountDownLatch over = new CountDownLatch(CONNECTIONS);
    long echoed;

    private final TcpListener listener;
    private final MemorySegment buffer;
    private final Trigger trigger;

    Server(TcpListener listener, MemorySegment buffer, Trigger trigger) {
      this.listener = listener;
      this.buffer = buffer;
      this.trigger = trigger;
    }

    @Override
    public void onReady(Registration accepting, Readiness readiness) throws IOException {
      TcpStream stream;
      while ((stream = listener.accept()) != null) {
        accepting.loop().register(stream, Interest.READABLE, trigger, this::echo);
      }
    }

    private void echo(Registration registration, Readiness readiness) throws IOException {
      var stream = (TcpStream) registration.pollable();
      int read;
      while ((read = stream.read(buffer)) > 0) {
        // One message is in flight for each connection, which fits into any socket's buffer.
        int written = 0;
        while (written < read) {
          written += Math.max(stream.write(buffer, written, read - written), 0);
        }
        echoed += read;
      }
      if (read == IoStatus.END_OF_STREAM) {
        registration.close();
        over.countDown();
      }
    }
  }

  private static final class Client implements EventHandler {
    final int index;
    int message;

    private final TcpStream stream;
    private final MemorySegment buffer;
    private final CountDownLatch over;
    private int written;
    private int read;

    Client(TcpStream stream, int index, MemorySegment buffer, CountDownLatch over) {
      this.stream = stream;
      this.index = index;
      this.buffer = buffer;
      this.over = over;
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) throws IOException {
      if (!stream.finishConnect()) {
        return;
      }
      while (message < MESSAGES) {
        if (written < MESSAGE_BYTES && !write()) {
          registration.setInterest(Interest.READABLE_WRITABLE);
          return;
        }
        if (!read()) {
          registration.setInterest(Interest.READABLE);
          return;
        }
        if (read == MESSAGE_BYTES) {
          message++;
          written = 0;
          read = 0;
        }
      }
      registration.close();
      over.countDown();
    }

    private boolean write() throws IOException {
      for (int i = written; i < MESSAGE_BYTES; i++) {
        buffer.set(ValueLayout.JAVA_BYTE, i, expected(i));
      }
      written += Math.max(stream.write(buffer, written, MESSAGE_BYTES - written), 0);
      return written == MESSAGE_BYTES;
    }

    private boolean read() throws IOException {
      int count = stream.read(buffer, 0, MESSAGE_BYTES - read);
      if (count == IoStatus.END_OF_STREAM) {
        throw new AssertionError("the server ended the stream");
      }
      for (int i = 0; i < count; i++) {
        byte got = buffer.get(ValueLayout.JAVA_BYTE, i);
        if (got != expected(read + i)) {
          throw new AssertionError("connection " + index + ", message " + message);
        }
      }
      read += Math.max(count, 0);
      return count > 0;
    }

    private byte expected(int position) {
      return (byte) (index * 31 + message * 7 + position);
    }
  }
}
