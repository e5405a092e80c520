package mill.bench.load.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;

/**
 * HTTP/1.1 by Netty's codec: the answer of mill's example to a request without a body. HTTPS, by
 * the JDK's engine as mill's is, if it is given a key store and its password.
 */
@ChannelHandler.Sharable
final class NettyHttp extends ChannelInboundHandlerAdapter {
  private final ByteBuf body =
      Unpooled.unreleasableBuffer(
          Unpooled.directBuffer(8).writeBytes("00000000".getBytes(StandardCharsets.US_ASCII)));

  private NettyHttp() {}

  public static void main(String[] args)
      throws InterruptedException, IOException, GeneralSecurityException {
    var handler = new NettyHttp();
    SslContext tls = args.length == 0 ? null : tls(new File(args[0]), args[1].toCharArray());
    NettyServer.serve(
        NettyServer.oneLoop(),
        pipeline -> {
          if (tls != null) {
            pipeline.addLast(tls.newHandler(pipeline.channel().alloc()));
          }
          pipeline.addLast(new HttpServerCodec(), handler);
        });
  }

  private static SslContext tls(File keyStore, char[] password)
      throws IOException, GeneralSecurityException {
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(KeyStore.getInstance(keyStore, password), password);
    return SslContextBuilder.forServer(keys).sslProvider(SslProvider.JDK).build();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest) {
      var answer =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body.duplicate());
      answer
          .headers()
          .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE)
          .set(HttpHeaderNames.CONTENT_LENGTH, "8");
      var _ = context.write(answer, context.voidPromise());
    }
    ReferenceCountUtil.release(message);
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
