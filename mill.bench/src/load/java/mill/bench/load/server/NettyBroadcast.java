package mill.bench.load.server;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.ChannelMatchers;
import io.netty.channel.group.DefaultChannelGroup;

/** Tells what one connection says to all, by a {@link ChannelGroup}. */
@ChannelHandler.Sharable
final class NettyBroadcast extends ChannelInboundHandlerAdapter {
  private final ChannelGroup members;

  private NettyBroadcast(EventLoopGroup group) {
    members = new DefaultChannelGroup(group.next());
  }

  public static void main(String[] args) throws InterruptedException {
    EventLoopGroup group = NettyServer.oneLoop();
    var all = new NettyBroadcast(group);
    NettyServer.serve(group, pipeline -> pipeline.addLast(all));
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    members.add(context.channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    var _ = members.writeAndFlush(message, ChannelMatchers.all(), true);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    var _ = context.close();
  }
}
