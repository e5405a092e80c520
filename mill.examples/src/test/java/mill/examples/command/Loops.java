package mill.examples.command;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import mill.core.EventLoop;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;

/** A loop that runs, for the servers of a test. */
public final class Loops implements AutoCloseable {
  private final EventLoopGroup group;

  private Loops(EventLoopGroup group) {
    this.group = group;
  }

  public static Loops start() throws IOException {
    return new Loops(EventLoopGroup.open(LoopGroupConfig.builder().loops(1).build()).start());
  }

  public EventLoop loop() {
    return group.loops().getFirst();
  }

  public EventLoopGroup group() {
    return group;
  }

  public static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @Override
  public void close() {
    group.close();
  }
}
