package mill.bench.load.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.util.function.Consumer;

/**
 * Netty by its own recommendations: native epoll, one loop, TCP_NODELAY, its default allocator;
 * handlers write as they read, without promises, and flush once a read is complete.
 */
final class NettyServer {
  private static final int BACKLOG = 4096;

  private NettyServer() {}

  /** {@return one loop on native epoll} */
  static EventLoopGroup oneLoop() {
    Epoll.ensureAvailability();
    return new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  }

  /** Serves until the process ends. */
  static void serve(EventLoopGroup group, Consumer<ChannelPipeline> pipeline)
      throws InterruptedException {
    Channel listener =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    pipeline.accept(channel.pipeline());
                  }
                })
            .bind(ServerConsole.anyPort())
            .sync()
            .channel();
    ServerConsole.open(listener.localAddress());
    listener.closeFuture().sync();
  }
}
