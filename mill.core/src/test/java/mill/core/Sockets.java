package mill.core;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.SockOpt;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;

/** Real sockets: loopback, ephemeral ports, nothing that blocks for ever. */
public final class Sockets {
  private static final MemorySegment ONE_BYTE = Arena.global().allocate(1);

  private Sockets() {}

  /** Two ends of a TCP connection over loopback. */
  public record TcpPair(TcpStream client, TcpStream server) implements AutoCloseable {
    @Override
    public void close() {
      client.close();
      server.close();
    }
  }

  public static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
  }

  public static TcpPair tcpPair() throws IOException {
    try (TcpListener listener = TcpListener.bind(loopback())) {
      TcpStream client = TcpStream.connect(listener.localAddress());
      awaitReady(listener, Interest.READABLE);
      TcpStream server = listener.accept();
      if (!client.finishConnect()) {
        awaitReady(client, Interest.WRITABLE);
        client.finishConnect();
      }
      return new TcpPair(client, server);
    }
  }

  /** Writes one byte. */
  public static void poke(StreamSocket stream) throws IOException {
    poke(stream, (byte) 1);
  }

  /** Writes one byte, waiting until it fits. The stream must not be registered. */
  public static void poke(StreamSocket stream, byte value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1);
      buffer.set(ValueLayout.JAVA_BYTE, 0, value);
      while (stream.write(buffer) != 1) {
        awaitReady(stream, Interest.WRITABLE);
      }
    }
  }

  /** Reads one byte and forgets it; tells what the read returned. */
  public static int drain(StreamSocket stream) throws IOException {
    return stream.read(ONE_BYTE);
  }

  /** Closes so that the peer sees a reset. */
  public static void reset(TcpStream stream) throws IOException {
    stream.setOption(SockOpt.SO_LINGER, 0);
    stream.close();
  }

  /** Waits for a pollable that is not registered. */
  public static void awaitReady(Pollable pollable, Interest interest) throws IOException {
    try (Poller poller = Poller.open()) {
      poller.register(pollable, 1, interest, Trigger.LEVEL);
      if (poller.poll(new ReadyEvents(1), Await.PATIENCE_NS) != 1) {
        throw new AssertionError("not ready: " + pollable);
      }
      poller.deregister(pollable);
    }
  }
}
