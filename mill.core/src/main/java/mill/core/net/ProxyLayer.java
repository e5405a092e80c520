package mill.core.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** Reads the header of the PROXY protocol of one connection, and then goes. */
final class ProxyLayer implements Layer {
  private final Predicate<? super SocketAddress> trusted;
  private final int maxHeader;
  private final long timeoutNs;
  private final BiConsumer<? super Connection, ? super ProxyHeader> onHeader;
  private final LayerTimer timer = new LayerTimer();

  ProxyLayer(
      Predicate<? super SocketAddress> trusted,
      int maxHeader,
      long timeoutNs,
      BiConsumer<? super Connection, ? super ProxyHeader> onHeader) {
    this.trusted = trusted;
    this.maxHeader = maxHeader;
    this.timeoutNs = timeoutNs;
    this.onHeader = onHeader;
  }

  @Override
  public void start(Site site) throws IOException {
    SocketAddress peer = site.connection().remoteAddress();
    if (!trusted.test(peer)) {
      throw new IOException("no trusted proxy: " + peer);
    }
    timer.start(site, timeoutNs, "PROXY header");
  }

  @Override
  public long decode(Site site, MemorySegment memory, long from, long to) throws IOException {
    if (from == to) {
      return 0;
    }
    long shown = Math.min(to - from, maxHeader);
    int length = ProxyParser.length(memory.asSlice(from, shown).asByteBuffer(), maxHeader);
    if (length == 0 || length > to - from) {
      return 0;
    }
    byte[] bytes = memory.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE);
    ProxyHeader header = ProxyParser.parse(bytes);
    SocketAddress source = header.source();
    if (source != null) {
      site.remoteAddress(source);
    }
    onHeader.accept(site.connection(), header);
    site.bypass();
    return length;
  }

  @Override
  public long encode(Site site, MemorySegment memory, long from, long to) {
    throw new IllegalStateException("it is never ready without being out of the way");
  }

  @Override
  public void close() {
    timer.stop();
  }
}
