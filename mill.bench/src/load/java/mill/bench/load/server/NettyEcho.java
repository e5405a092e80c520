package mill.bench.load.server;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Netty's echo. */
@ChannelHandler.Sharable
final class NettyEcho extends ChannelInboundHandlerAdapter {
  private NettyEcho() {}

  public static void main(String[] args) throws InterruptedException {
    var echo = new NettyEcho();
    NettyServer.serve(NettyServer.oneLoop(), pipeline -> pipeline.addLast(echo));
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    var _ = context.write(message, context.voidPromise());
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    context.flush();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    var _ = context.close();
  }
}
