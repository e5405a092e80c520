package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An echo server and its clients on two threads, on whatever system this is: every byte of every
 * message is compared. Under Wine it is the proof that real bytes move through the IOCP backend.
 */
class EchoTest {
  private static final int CONNECTIONS = 64;
  private static final int MESSAGES = 200;
  private static final int MESSAGE_BYTES = 512;
  private static final long BOUND_NS = Await.PATIENCE_NS;

  private static final class Client {
    final TcpStream stream;
    final int index;
    int message;
    int written;
    int read;

    Client(TcpStream stream, int index) {
      this.stream = stream;
      this.index = index;
    }

    byte expected(int position) {
      return (byte) (index * 31 + message * 7 + position);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Trigger.class,
      names = {"LEVEL", "EDGE"})
  void everyMessageComesBackAsItWasSent(Trigger trigger) throws Exception {
    try (var listener = TcpListener.bind(loopback());
        var poller = Poller.open()) {
      var server = new FutureTask<>(() -> serve(poller, listener, trigger));
      Thread.ofPlatform().daemon().name("echo").start(server);
      int verified = drive((InetSocketAddress) listener.localAddress(), trigger);
      assertEquals(CONNECTIONS * MESSAGES, verified);
      assertEquals(
          (long) CONNECTIONS * MESSAGES * MESSAGE_BYTES,
          server.get(BOUND_NS, TimeUnit.NANOSECONDS));
      System.out.printf(
          "echo: %d connections x %d messages of %d bytes, %s: %d verified on %s%n",
          CONNECTIONS, MESSAGES, MESSAGE_BYTES, trigger, verified, poller.platform().name());
    }
  }

  @Test
  void aResetIsReportedToWhoeverOnlyReads() throws Exception {
    try (var listener = TcpListener.bind(loopback());
        var poller = Poller.open()) {
      TcpStream client = TcpStream.connect(listener.localAddress());
      var events = new ReadyEvents(8);
      poller.register(listener, 1, Interest.READABLE, Trigger.LEVEL);
      awaitEvent(poller, events);
      try (TcpStream server = listener.accept()) {
        poller.register(server, 2, Interest.READABLE, Trigger.LEVEL);
        client.setOption(SockOpt.SO_LINGER, 0);
        client.close();
        poller.deregister(listener);
        awaitEvent(poller, events);
        assertEquals(2, events.token(0));
        assertTrue(events.readiness(0).isError(), events::toString);
      }
    }
  }

  private static void awaitEvent(Poller poller, ReadyEvents events) throws IOException {
    long deadline = System.nanoTime() + BOUND_NS;
    while (poller.poll(events, BOUND_NS) == 0) {
      assertTrue(System.nanoTime() < deadline, "nothing was reported");
    }
  }

  /** Echoes until every connection has ended; how many bytes came by. */
  private static long serve(Poller poller, TcpListener listener, Trigger trigger)
      throws IOException {
    var streams = new ArrayList<TcpStream>();
    var events = new ReadyEvents(32);
    long echoed = 0;
    int ended = 0;
    poller.register(listener, CONNECTIONS, Interest.READABLE, Trigger.LEVEL);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16 * 1024);
      while (ended < CONNECTIONS) {
        poller.poll(events, BOUND_NS);
        for (int i = 0; i < events.size(); i++) {
          int token = (int) events.token(i);
          if (token == CONNECTIONS) {
            accept(poller, listener, streams, trigger);
            continue;
          }
          TcpStream stream = streams.get(token);
          int read = 0;
          while (stream.isOpen() && (read = stream.read(buffer)) > 0) {
            writeAll(stream, buffer, read);
            echoed += read;
          }
          if (stream.isOpen() && read == IoStatus.END_OF_STREAM) {
            stream.close();
            ended++;
          }
        }
      }
    }
    return echoed;
  }

  private static void accept(
      Poller poller, TcpListener listener, List<TcpStream> streams, Trigger trigger)
      throws IOException {
    TcpStream stream;
    while ((stream = listener.accept()) != null) {
      poller.register(stream, streams.size(), Interest.READABLE, trigger);
      streams.add(stream);
    }
  }

  // One message is in flight for each connection, which fits into any socket's buffer.
  private static void writeAll(TcpStream stream, MemorySegment buffer, int length)
      throws IOException {
    int written = 0;
    while (written < length) {
      written += Math.max(stream.write(buffer, written, length - written), 0);
    }
  }

  private static int drive(InetSocketAddress server, Trigger trigger) throws IOException {
    var clients = new ArrayList<Client>();
    int verified = 0;
    int open = CONNECTIONS;
    long deadline = System.nanoTime() + BOUND_NS;
    try (var poller = Poller.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(MESSAGE_BYTES);
      for (int i = 0; i < CONNECTIONS; i++) {
        var client = new Client(TcpStream.connect(server), i);
        clients.add(client);
        poller.register(client.stream, i, Interest.READABLE_WRITABLE, trigger);
      }
      var events = new ReadyEvents(32);
      while (open > 0) {
        assertTrue(System.nanoTime() < deadline, "the echoes stopped");
        poller.poll(events, TimeUnit.SECONDS.toNanos(1));
        for (int i = 0; i < events.size(); i++) {
          Client client = clients.get((int) events.token(i));
          if (client.stream.isOpen() && client.stream.finishConnect()) {
            int advanced = advance(poller, client, buffer, trigger);
            verified += advanced;
            deadline = advanced > 0 ? System.nanoTime() + BOUND_NS : deadline;
            open -= client.stream.isOpen() ? 0 : 1;
          }
        }
      }
    } finally {
      clients.forEach(client -> client.stream.close());
    }
    return verified;
  }

  /** Writes and reads as far as it goes; how many messages have come back whole. */
  private static int advance(Poller poller, Client client, MemorySegment buffer, Trigger trigger)
      throws IOException {
    int verified = 0;
    while (true) {
      if (client.written < MESSAGE_BYTES && write(client, buffer) == IoStatus.WOULD_BLOCK) {
        return verified;
      }
      int read = client.stream.read(buffer, 0, MESSAGE_BYTES - client.read);
      if (read == IoStatus.WOULD_BLOCK) {
        poller.change(client.stream, Interest.READABLE, trigger);
        return verified;
      }
      assertTrue(read > 0, "the server ended the stream");
      for (int i = 0; i < read; i++) {
        assertEquals(client.expected(client.read + i), buffer.get(ValueLayout.JAVA_BYTE, i));
      }
      client.read += read;
      if (client.read == MESSAGE_BYTES) {
        verified++;
        client.read = 0;
        client.written = 0;
        if (++client.message == MESSAGES) {
          client.stream.close();
          return verified;
        }
      }
    }
  }

  private static int write(Client client, MemorySegment buffer) throws IOException {
    for (int i = client.written; i < MESSAGE_BYTES; i++) {
      buffer.set(ValueLayout.JAVA_BYTE, i, client.expected(i));
    }
    int written = client.stream.write(buffer, client.written, MESSAGE_BYTES - client.written);
    client.written += Math.max(written, 0);
    return written;
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
  }
}
