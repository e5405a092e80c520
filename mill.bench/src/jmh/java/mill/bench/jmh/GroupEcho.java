package mill.bench.jmh;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.core.group.AcceptMode;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One echo of 64 bytes among 128 connections that are served by two loops: all are asked, then all
 * replies are read.
 *
 * <p>Only the server differs. The client is the same for all: blocking {@link SocketChannel}s with
 * direct buffers in the benchmark's thread. All servers have one acceptor that hands off in turn,
 * so that each loop has 64 connections.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class GroupEcho {
  private static final int LOOPS = 2;
  private static final int CONNECTIONS = 128;
  private static final int MESSAGE_BYTES = 64;
  private static final int READ_BYTES = 64 << 10;
  private static final int BACKLOG = 1024;

  /** The client; the subclasses are servers. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private final ByteBuffer request = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private final ByteBuffer reply = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private final SocketChannel[] channels = new SocketChannel[CONNECTIONS];
    private InetSocketAddress address;

    /** Starts the server on a free port of loopback and returns its address. */
    abstract InetSocketAddress startServer() throws Exception;

    abstract void stopServer() throws Exception;

    @Setup(Level.Trial)
    public void open() throws Exception {
      address = startServer();
      for (int i = 0; i < CONNECTIONS; i++) {
        channels[i] = connect();
        send(channels[i]);
        receive(channels[i]); // so that they are accepted in their order
      }
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
      for (SocketChannel channel : channels) {
        channel.close();
      }
      stopServer();
    }

    final byte echoAll() throws IOException {
      for (SocketChannel channel : channels) {
        send(channel);
      }
      byte last = 0;
      for (SocketChannel channel : channels) {
        last = receive(channel);
      }
      return last;
    }

    final byte connectEchoClose() throws IOException {
      try (SocketChannel channel = connect()) {
        // A reset instead of TIME_WAIT, which would use up the ports in a minute.
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        send(channel);
        return receive(channel);
      }
    }

    private SocketChannel connect() throws IOException {
      SocketChannel channel = SocketChannel.open(address);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      return channel;
    }

    private void send(SocketChannel channel) throws IOException {
      request.clear();
      while (request.hasRemaining()) {
        channel.write(request);
      }
    }

    private byte receive(SocketChannel channel) throws IOException {
      reply.clear();
      while (reply.hasRemaining()) {
        if (channel.read(reply) < 0) {
          throw new EOFException("the server has closed the connection");
        }
      }
      return reply.get(0);
    }
  }

  /** mill, handlers inline, one acceptor, one off-heap buffer for each loop. */
  public static class Mill extends Subject {
    private final Arena arena = Arena.ofShared();
    private EventLoopGroup group;

    AcceptMode mode() {
      return AcceptMode.HANDOFF;
    }

    @Override
    InetSocketAddress startServer() throws IOException {
      group = EventLoopGroup.open(LoopGroupConfig.builder().loops(LOOPS).build());
      List<MemorySegment> buffers = new ArrayList<>();
      for (int i = 0; i < LOOPS; i++) {
        buffers.add(arena.allocate(READ_BYTES));
      }
      List<EventLoop> loops = group.loops();
      group.start();
      return (InetSocketAddress)
          group
              .listen(
                  anyPort(),
                  BACKLOG,
                  mode(),
                  (loop, stream) -> accept(loop, stream, buffers.get(loops.indexOf(loop))))
              .localAddress();
    }

    @Override
    void stopServer() {
      group.close(); // and with it what is registered
      arena.close();
    }

    private static void accept(EventLoop loop, TcpStream stream, MemorySegment buffer)
        throws IOException {
      stream.setOption(SockOpt.TCP_NODELAY, true);
      loop.register(stream, Interest.READABLE, (own, _) -> echo(own, stream, buffer));
    }

    private static void echo(Registration registration, TcpStream stream, MemorySegment buffer)
        throws IOException {
      int received;
      try {
        received = stream.read(buffer, 0, READ_BYTES);
      } catch (IOException e) {
        registration.close(); // the client's reset
        return;
      }
      if (received == IoStatus.END_OF_STREAM) {
        registration.close();
      } else if (received > 0 && stream.write(buffer, 0, received) != received) {
        throw new IOException("the kernel did not take " + received + " bytes at once");
      }
    }
  }

  /** mill with a listener for each loop. */
  public static class MillSharded extends Mill {
    @Override
    AcceptMode mode() {
      return AcceptMode.SHARDED;
    }
  }

  /** java.nio: two selectors, the first one's thread accepts and hands off in turn. */
  public static class Nio extends Subject {
    private final List<NioLoop> loops = new ArrayList<>();
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private ServerSocketChannel listener;
    private int next;

    @Override
    InetSocketAddress startServer() throws IOException {
      for (int i = 0; i < LOOPS; i++) {
        loops.add(new NioLoop());
        buffers.add(ByteBuffer.allocateDirect(READ_BYTES));
      }
      listener = ServerSocketChannel.open().bind(anyPort(), BACKLOG);
      loops.getFirst().register(listener, SelectionKey.OP_ACCEPT, _ -> accept());
      loops.forEach(NioLoop::start);
      return (InetSocketAddress) listener.getLocalAddress();
    }

    @Override
    void stopServer() throws IOException, InterruptedException {
      for (NioLoop loop : loops) {
        loop.close();
      }
    }

    private void accept() throws IOException {
      SocketChannel stream;
      while ((stream = listener.accept()) != null) {
        take(next, stream);
        next = (next + 1) % LOOPS;
      }
    }

    private void take(int index, SocketChannel stream) throws IOException {
      stream.setOption(StandardSocketOptions.TCP_NODELAY, true);
      NioLoop loop = loops.get(index);
      if (index == 0) {
        register(loop, index, stream);
        return;
      }
      loop.execute(() -> {
        try {
          register(loop, index, stream);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }

    private void register(NioLoop loop, int index, SocketChannel stream) throws IOException {
      ByteBuffer buffer = buffers.get(index);
      loop.register(stream, SelectionKey.OP_READ, _ -> echo(stream, buffer));
    }

    private static void echo(SocketChannel stream, ByteBuffer buffer) throws IOException {
      buffer.clear();
      int received;
      try {
        received = stream.read(buffer);
      } catch (IOException e) {
        stream.close(); // the client's reset
        return;
      }
      if (received < 0) {
        stream.close();
      } else if (received > 0 && stream.write(buffer.flip()) != received) {
        throw new IOException("the kernel did not take " + received + " bytes at once");
      }
    }
  }

  /** Netty's native epoll: two loops, one of which also accepts; its pooled allocator. */
  public static class Netty extends Subject {
    private NettyLoop server;

    int listeners() {
      return 1;
    }

    @Override
    InetSocketAddress startServer() throws InterruptedException {
      server = new NettyLoop(LOOPS);
      ServerBootstrap bootstrap =
          new ServerBootstrap()
              .group(server.group())
              .channel(EpollServerSocketChannel.class)
              .option(ChannelOption.SO_BACKLOG, BACKLOG)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new EchoHandler());
                    }
                  });
      if (listeners() > 1) {
        bootstrap.option(EpollChannelOption.SO_REUSEPORT, true);
      }
      InetSocketAddress address = anyPort();
      for (int i = 0; i < listeners(); i++) {
        address = (InetSocketAddress) bootstrap.bind(address).sync().channel().localAddress();
      }
      return address;
    }

    @Override
    void stopServer() throws InterruptedException {
      server.close(); // and with it its channels
    }
  }

  /** Netty with a listener for each loop; it still hands what it accepts to its loops in turn. */
  public static class NettySharded extends Netty {
    @Override
    int listeners() {
      return LOOPS;
    }
  }

  private static final class EchoHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      // The void promise allocates nothing; a failure goes to the pipeline.
      var _ = context.writeAndFlush(message, context.voidPromise());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      var _ = context.close(); // the client's reset
    }
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @Benchmark
  @OperationsPerInvocation(CONNECTIONS)
  public byte mill(Mill subject) throws IOException {
    return subject.echoAll();
  }

  @Benchmark
  @OperationsPerInvocation(CONNECTIONS)
  public byte nio(Nio subject) throws IOException {
    return subject.echoAll();
  }

  @Benchmark
  @OperationsPerInvocation(CONNECTIONS)
  public byte netty(Netty subject) throws IOException {
    return subject.echoAll();
  }
}
