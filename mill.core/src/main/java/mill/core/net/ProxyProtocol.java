package mill.core.net;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import mill.core.internal.Durations;

/**
 * Makes layers for the PROXY protocol, versions 1 and 2: each connection that a server accepts
 * begins with a header in which a proxy tells whose it is. Give it to {@link
 * ConnectionConfig#layer} as the first one. Immutable.
 *
 * <p>The whole header is read before {@link ConnectionHandler#onOpen}; then {@link
 * Connection#remoteAddress} is the client's, if the header tells it, and the layer is out of the
 * way. A connection from somebody who is not trusted, or without a header, is closed with {@link
 * CloseCause.Kind#LAYER}: it is never guessed whether there is one.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=proxy}
 */
public final class ProxyProtocol implements Supplier<Layer> {
  private static final int MIN_HEADER = ProxyParser.MAX_V1;
  private static final int MAX_HEADER = ProxyParser.FIXED_V2 + 0xffff;

  private final Predicate<? super SocketAddress> trusted;
  private final int maxHeader;
  private final long timeoutNs;
  private final BiConsumer<? super Connection, ? super ProxyHeader> onHeader;

  ProxyProtocol(
      Predicate<? super SocketAddress> trusted,
      int maxHeader,
      long timeoutNs,
      BiConsumer<? super Connection, ? super ProxyHeader> onHeader) {
    this.trusted = trusted;
    this.maxHeader = maxHeader;
    this.timeoutNs = timeoutNs;
    this.onHeader = onHeader;
  }

  /**
   * {@return layers that take headers of at most 536 bytes within 5 s}
   *
   * @param trusted whether the socket's peer is a proxy whose word counts; any loop's thread
   */
  public static ProxyProtocol trusting(Predicate<? super SocketAddress> trusted) {
    return new ProxyProtocol(
        requireNonNull(trusted, "trusted"), 536, 5_000_000_000L, (connection, header) -> {});
  }

  /**
   * Limits how long a header may be.
   *
   * @param bytes 107 to 65,551
   * @return layers with it
   * @throws IllegalArgumentException if it is out of its range
   */
  public ProxyProtocol maxHeader(int bytes) {
    int value = inRange("maxHeader", bytes, MIN_HEADER, MAX_HEADER);
    return new ProxyProtocol(trusted, value, timeoutNs, onHeader);
  }

  /**
   * Limits how long the header may take; {@link ConnectionConfig#connectTimeout} does as well.
   *
   * @param value at least 3 s: a segment that was lost is sent again after that
   * @return layers with it
   * @throws IllegalArgumentException if it is less
   */
  public ProxyProtocol timeout(Duration value) {
    if (value.compareTo(Duration.ofSeconds(3)) < 0) {
      throw new IllegalArgumentException(
          "timeout must be at least 3 s, for a segment that is sent again, not " + value);
    }
    return new ProxyProtocol(trusted, maxHeader, Durations.saturatedNs(value), onHeader);
  }

  /**
   * Tells somebody what the headers say, before {@link ConnectionHandler#onOpen}.
   *
   * @param listener called on the connection's loop; what it throws ends the connection
   * @return layers with it
   */
  public ProxyProtocol onHeader(BiConsumer<? super Connection, ? super ProxyHeader> listener) {
    return new ProxyProtocol(trusted, maxHeader, timeoutNs, requireNonNull(listener, "onHeader"));
  }

  /** {@return a layer for one connection} */
  @Override
  public Layer get() {
    return new ProxyLayer(trusted, maxHeader, timeoutNs, onHeader);
  }
}
