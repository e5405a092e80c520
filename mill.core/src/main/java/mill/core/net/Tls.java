package mill.core.net;

import static java.util.Objects.requireNonNull;
import static mill.core.internal.Checks.inRange;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import mill.core.internal.Durations;
import org.jspecify.annotations.Nullable;

/**
 * Makes layers for TLS 1.2 and 1.3 out of the JDK's {@link SSLEngine}, for servers and for clients.
 * Give it to {@link ConnectionConfig#layer}, or one layer of it to {@link Connection#layer} for
 * STARTTLS. Immutable.
 *
 * <p>{@link ConnectionHandler#onOpen} comes after the handshake. What the JDK calls delegated
 * tasks, which take milliseconds, runs on an {@link #executor}, never on the loop. A failed
 * handshake sends its alert and ends the connection with {@link CloseCause.Kind#LAYER} and the
 * engine's exception.
 *
 * <p>{@link Connection#end} sends a close_notify; the peer's is {@link ConnectionHandler#onEnd}. In
 * TLS 1.3 each direction ends for itself. TLS 1.2 ends both: what is put after the peer's
 * close_notify cannot be sent, and ends the connection with {@code LAYER}. So does an end without a
 * close_notify, for bytes may be missing, and a renegotiation, which is refused.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=tls}
 */
public final class Tls implements Supplier<Layer> {
  /** Hears that a handshake is over. */
  @FunctionalInterface
  public interface HandshakeListener {
    /**
     * Hears what was agreed on, before {@link ConnectionHandler#onOpen}. On the thread of the
     * connection's loop.
     *
     * @param connection the connection
     * @param engine only to be asked: for the {@linkplain SSLEngine#getSession session} with the
     *     peer's certificates, the {@linkplain SSLEngine#getApplicationProtocol application
     *     protocol}
     * @throws IOException ends the connection, as any other exception does
     */
    void onHandshake(Connection connection, SSLEngine engine) throws IOException;
  }

  private static final long HANDSHAKE_TIMEOUT_NS = 10_000_000_000L;

  private final SSLContext context;
  private final @Nullable String host; // of the server, if this is a client
  private final int port;
  private final Consumer<? super SSLParameters> parameters;
  private final Executor executor;
  private final long handshakeTimeoutNs;
  private final HandshakeListener onHandshake;

  private Tls(
      SSLContext context,
      @Nullable String host,
      int port,
      Consumer<? super SSLParameters> parameters,
      Executor executor,
      long handshakeTimeoutNs,
      HandshakeListener onHandshake) {
    this.context = context;
    this.host = host;
    this.port = port;
    this.parameters = parameters;
    this.executor = executor;
    this.handshakeTimeoutNs = handshakeTimeoutNs;
    this.onHandshake = onHandshake;
  }

  private static Tls of(SSLContext context, @Nullable String host, int port) {
    return new Tls(
        requireNonNull(context, "context"),
        host,
        port,
        parameters -> {},
        Thread::startVirtualThread,
        HANDSHAKE_TIMEOUT_NS,
        (connection, engine) -> {});
  }

  /**
   * {@return layers for the connections that a server accepts}
   *
   * @param context has the server's key; its session cache and its size are the user's to set
   */
  public static Tls server(SSLContext context) {
    return of(context, null, 0);
  }

  /**
   * {@return layers for connections to a server, which has to prove that it is that host} The host
   * is told to the server (SNI) if it is a name. A later connection to the same host and port
   * resumes the session if the server lets it.
   *
   * @param context knows whom to trust
   * @param host the name or the address that is in the server's certificate
   * @param port the server's, 1 to 65,535
   * @throws IllegalArgumentException if the port is out of its range
   */
  public static Tls client(SSLContext context, String host, int port) {
    return of(context, requireNonNull(host, "host"), inRange("port", port, 1, 65_535));
  }

  /**
   * Sets what the engines are to do: protocols, cipher suites, application protocols (ALPN), client
   * authentication. A client's endpoint identification is HTTPS unless it is set otherwise here.
   *
   * @param value changes the engine's parameters; called for each connection on its loop's thread
   * @return layers with it, in place of the one before
   */
  public Tls parameters(Consumer<? super SSLParameters> value) {
    return new Tls(
        context,
        host,
        port,
        requireNonNull(value, "parameters"),
        executor,
        handshakeTimeoutNs,
        onHandshake);
  }

  /**
   * Runs the work of handshakes: certificates, signatures, key agreement. A virtual thread for each
   * by default.
   *
   * @param value not one that runs tasks on the caller's thread: that is the loop's
   * @return layers with it
   */
  public Tls executor(Executor value) {
    return new Tls(
        context,
        host,
        port,
        parameters,
        requireNonNull(value, "executor"),
        handshakeTimeoutNs,
        onHandshake);
  }

  /**
   * Limits how long a handshake may take, 10 s by default; {@link ConnectionConfig#connectTimeout}
   * does as well, for one that begins with the connection.
   *
   * @param value more than 0
   * @return layers with it
   * @throws IllegalArgumentException if it is not more than 0
   */
  public Tls handshakeTimeout(Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException("handshakeTimeout must be more than 0, not " + value);
    }
    return new Tls(
        context, host, port, parameters, executor, Durations.saturatedNs(value), onHandshake);
  }

  /**
   * Tells somebody what was agreed on.
   *
   * @param listener hears of each handshake
   * @return layers with it, in place of the one before
   */
  public Tls onHandshake(HandshakeListener listener) {
    return new Tls(
        context,
        host,
        port,
        parameters,
        executor,
        handshakeTimeoutNs,
        requireNonNull(listener, "onHandshake"));
  }

  /** {@return a layer for one connection} */
  @Override
  public Layer get() {
    return new TlsLayer(newEngine(), executor, handshakeTimeoutNs, onHandshake);
  }

  private SSLEngine newEngine() {
    SSLEngine engine =
        host == null ? context.createSSLEngine() : context.createSSLEngine(host, port);
    engine.setUseClientMode(host != null);
    SSLParameters chosen = engine.getSSLParameters();
    if (host != null) {
      chosen.setEndpointIdentificationAlgorithm("HTTPS");
    }
    parameters.accept(chosen);
    engine.setSSLParameters(chosen);
    return engine;
  }
}
