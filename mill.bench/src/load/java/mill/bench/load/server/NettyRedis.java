package mill.bench.load.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.RedisArrayAggregator;
import io.netty.handler.codec.redis.RedisBulkStringAggregator;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisEncoder;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** PING, SET and GET by Netty's Redis codec, on a map of one loop. */
@ChannelHandler.Sharable
final class NettyRedis extends ChannelInboundHandlerAdapter {
  private static final int MAX_LENGTH = 1024;
  private static final int MAX_DEPTH = 8;
  private static final SimpleStringRedisMessage PONG = new SimpleStringRedisMessage("PONG");
  private static final SimpleStringRedisMessage OK = new SimpleStringRedisMessage("OK");
  private static final ErrorRedisMessage UNKNOWN = new ErrorRedisMessage("ERR unknown command");

  private final Map<AsciiString, ByteBuf> store = new HashMap<>();

  private NettyRedis() {}

  public static void main(String[] args) throws InterruptedException {
    var handler = new NettyRedis();
    NettyServer.serve(
        NettyServer.oneLoop(),
        pipeline ->
            pipeline.addLast(
                new RedisDecoder(),
                new RedisBulkStringAggregator(),
                new RedisArrayAggregator(MAX_LENGTH, MAX_DEPTH),
                new RedisEncoder(),
                handler));
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    RedisMessage answer =
        message instanceof ArrayRedisMessage array ? answer(array.children()) : UNKNOWN;
    ReferenceCountUtil.release(message);
    var _ = context.write(answer, context.voidPromise());
  }

  private RedisMessage answer(List<RedisMessage> words) {
    AsciiString command = text(words.get(0));
    if (command.contentEqualsIgnoreCase("GET") && words.size() == 2) {
      ByteBuf value = store.get(text(words.get(1)));
      return value == null
          ? FullBulkStringRedisMessage.NULL_INSTANCE
          : new FullBulkStringRedisMessage(value.retainedDuplicate());
    } else if (command.contentEqualsIgnoreCase("SET") && words.size() == 3) {
      ByteBuf value = content(words.get(2)).copy();
      ByteBuf before = store.put(text(words.get(1)), value);
      if (before != null) {
        before.release();
      }
      return OK;
    }
    return command.contentEqualsIgnoreCase("PING") ? PONG : UNKNOWN;
  }

  private static AsciiString text(RedisMessage word) {
    return new AsciiString(ByteBufUtil.getBytes(content(word)), false);
  }

  private static ByteBuf content(RedisMessage word) {
    return ((FullBulkStringRedisMessage) word).content();
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
