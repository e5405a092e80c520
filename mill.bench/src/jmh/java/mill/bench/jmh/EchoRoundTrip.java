package mill.bench.jmh;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import mill.core.LoopConfig;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One round trip of 64 bytes over loopback TCP.
 *
 * <p>Only the server differs. The client is the same for all: a blocking {@link SocketChannel} with
 * direct buffers in the benchmark's thread. All servers set TCP_NODELAY, read once per event into a
 * buffer of 64 KiB or, Netty, one of its own choice, and write at once.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class EchoRoundTrip {
  private static final int MESSAGE_BYTES = 64;
  private static final int READ_BYTES = 64 << 10;

  /** The client; the subclasses are servers. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private final ByteBuffer request = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private final ByteBuffer reply = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private SocketChannel[] channels;

    /** Starts the server on a free port of loopback and returns its address. */
    abstract InetSocketAddress startServer() throws Exception;

    abstract void stopServer() throws Exception;

    /** How many connections send before the first one waits for its answer. */
    int connections() {
      return 1;
    }

    @Setup(Level.Trial)
    public void open() throws Exception {
      InetSocketAddress server = startServer();
      channels = new SocketChannel[connections()];
      for (int i = 0; i < channels.length; i++) {
        channels[i] = SocketChannel.open(server);
        channels[i].setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
      for (SocketChannel channel : channels) {
        channel.close();
      }
      stopServer();
    }

    final byte roundTrip() throws IOException {
      for (SocketChannel channel : channels) {
        request.clear();
        while (request.hasRemaining()) {
          channel.write(request);
        }
      }
      for (SocketChannel channel : channels) {
        reply.clear();
        while (reply.hasRemaining()) {
          if (channel.read(reply) < 0) {
            throw new EOFException("the server has closed the connection");
          }
        }
      }
      return reply.get(0);
    }
  }

  /** mill, handlers inline, one off-heap buffer for all connections. */
  public static class Mill extends Subject {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(READ_BYTES);
    private MillLoop server;
    private TcpListener listener;

    LoopConfig config() {
      return LoopConfig.defaults();
    }

    @Override
    InetSocketAddress startServer() throws IOException {
      server = new MillLoop(config());
      listener = TcpListener.bind(anyPort());
      server
          .loop()
          .register(listener, Interest.READABLE, (registration, _) -> accept(registration));
      server.start();
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    void stopServer() throws InterruptedException {
      server.close(); // and with it what is registered
      arena.close();
    }

    private void accept(Registration registration) throws IOException {
      TcpStream stream = listener.accept();
      if (stream != null) {
        stream.setOption(SockOpt.TCP_NODELAY, true);
        registration.loop().register(stream, Interest.READABLE, (own, _) -> echo(own, stream));
      }
    }

    private void echo(Registration registration, TcpStream stream) throws IOException {
      int received = stream.read(buffer, 0, READ_BYTES);
      if (received == IoStatus.END_OF_STREAM) {
        registration.close();
      } else if (received > 0 && stream.write(buffer, 0, received) != received) {
        throw new IOException("the kernel did not take " + received + " bytes at once");
      }
    }
  }

  /** java.nio, one direct buffer for all connections. */
  public static class Nio extends Subject {
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
    private NioLoop server;
    private ServerSocketChannel listener;

    @Override
    InetSocketAddress startServer() throws IOException {
      server = new NioLoop();
      listener = ServerSocketChannel.open().bind(anyPort());
      server.register(listener, SelectionKey.OP_ACCEPT, _ -> accept());
      server.start();
      return (InetSocketAddress) listener.getLocalAddress();
    }

    @Override
    void stopServer() throws IOException, InterruptedException {
      server.close();
    }

    private void accept() throws IOException {
      SocketChannel stream = listener.accept();
      if (stream != null) {
        stream.setOption(StandardSocketOptions.TCP_NODELAY, true);
        server.register(stream, SelectionKey.OP_READ, _ -> echo(stream));
      }
    }

    private void echo(SocketChannel stream) throws IOException {
      buffer.clear();
      int received = stream.read(buffer);
      if (received < 0) {
        stream.close();
      } else if (received > 0 && stream.write(buffer.flip()) != received) {
        throw new IOException("the kernel did not take " + received + " bytes at once");
      }
    }
  }

  /** Netty's native epoll, its pooled allocator and one handler. */
  public static class Netty extends Subject {
    private NettyLoop server;

    @Override
    InetSocketAddress startServer() throws InterruptedException {
      server = new NettyLoop();
      Channel listener =
          new ServerBootstrap()
              .group(server.group())
              .channel(EpollServerSocketChannel.class)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new EchoHandler());
                    }
                  })
              .bind(anyPort())
              .sync()
              .channel();
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    void stopServer() throws InterruptedException {
      server.close(); // and with it its channels
    }
  }

  private static final class EchoHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      // The void promise allocates nothing; a failure goes to the pipeline.
      var _ = context.writeAndFlush(message, context.voidPromise());
    }
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @Benchmark
  public byte mill(Mill subject) throws IOException {
    return subject.roundTrip();
  }

  @Benchmark
  public byte nio(Nio subject) throws IOException {
    return subject.roundTrip();
  }

  @Benchmark
  public byte netty(Netty subject) throws IOException {
    return subject.roundTrip();
  }
}
