package mill.sim.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.StreamSocket;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.platform.Platform;
import mill.sim.schedule.SimProcess;
import mill.sim.schedule.World;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Two hosts with a network between them, and one thread that plays on both. */
final class TwoHosts {
  static final int CLIENT = 1;
  static final int SERVER = 2;

  private static final long STUCK_NS = 10_000_000_000L;

  /** What is played. */
  interface Play {
    void on(TwoHosts hosts) throws Exception;
  }

  /** Two ends of a connection. */
  record Connection(TcpStream client, TcpStream server) {}

  final World world;
  final Network network;
  final Platform client;
  final Arena arena = Arena.ofShared();
  Platform server;

  private TwoHosts(long seed, FaultSource faults) {
    world = new World(seed);
    network = new Network(world, faults);
    client = process(network.addHost("client"), "client");
    server = process(network.addHost("server"), "server");
  }

  static void play(Play play) throws Exception {
    play(1, FaultSource.NONE, play);
  }

  static void play(FaultSource faults, Play play) throws Exception {
    play(1, faults, play);
  }

  /** Plays, and gives the hash of all that was done. */
  static long play(long seed, FaultSource faults, Play play) throws Exception {
    var hosts = new TwoHosts(seed, faults);
    var thrown = new Throwable[1];
    hosts.start(hosts.client, "play", () -> play.on(hosts), thrown);
    hosts.world.runToEnd(STUCK_NS);
    hosts.arena.close();
    rethrow(thrown[0] == null ? hosts.world.failure() : thrown[0]);
    return hosts.world.traceHash();
  }

  private static void rethrow(Throwable thrown) throws Exception {
    switch (thrown) {
      case null -> {}
      case Exception e -> throw e;
      default -> throw new AssertionError(thrown.getMessage(), thrown);
    }
  }

  /** Something that may throw. */
  interface Action {
    void run() throws Exception;
  }

  private void start(Platform platform, String name, Action action, Throwable[] thrown) {
    Runnable body =
        () -> {
          try {
            action.run();
          } catch (Throwable t) {
            thrown[0] = t;
          }
        };
    world.newThread(((SimPlatform) platform).process(), name, false, body).start();
  }

  private Platform process(int host, String name) {
    var process = new SimProcess(name, false);
    Platform platform = network.platform(host, process);
    process.runOn(platform);
    return platform;
  }

  /** A new process of the server's host, which has power again if it had none. */
  void restartServer() {
    server = process(SERVER, "server again");
  }

  void cut() {
    network.cutOneWay(CLIENT, SERVER);
    network.cutOneWay(SERVER, CLIENT);
  }

  void heal() {
    network.heal(CLIENT, SERVER);
  }

  /** Lets time pass, whatever wakes. */
  void pass(Duration time) {
    long untilNs = world.nowNs() + time.toNanos();
    while (world.nowNs() < untilNs) {
      world.sleep(untilNs);
    }
  }

  /** Lets so much time pass that everything has arrived that nothing holds. */
  void settle() {
    pass(Duration.ofMillis(10));
  }

  Duration now() {
    return Duration.ofNanos(world.nowNs());
  }

  /** What something makes where a platform is the current one. */
  <T> T on(Platform platform, Callable<T> making) throws Exception {
    var made = new AtomicReference<T>();
    CurrentPlatform.<Exception>run(platform, () -> made.set(making.call()));
    return made.get();
  }

  // ---- sockets

  InetSocketAddress at(int host, int port) {
    return new InetSocketAddress(network.address(host), port);
  }

  TcpListener listener(int port, int backlog) throws IOException {
    return TcpListener.bind(server, at(SERVER, port), backlog);
  }

  Connection connection() throws IOException {
    try (TcpListener listener = listener(0, 8)) {
      return connection(listener);
    }
  }

  Connection connection(TcpListener listener) throws IOException {
    TcpStream connecting = TcpStream.connect(client, listener.localAddress());
    settle();
    assertThat(connecting.finishConnect()).isTrue();
    TcpStream accepted = listener.accept();
    assertThat(accepted).isNotNull();
    return new Connection(connecting, accepted);
  }

  static InetAddress ip(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  MemorySegment bytes(String text) {
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment segment = arena.allocate(Math.max(1, content.length));
    MemorySegment.copy(content, 0, segment, ValueLayout.JAVA_BYTE, 0, content.length);
    return segment.asSlice(0, content.length);
  }

  void send(StreamSocket stream, String text) throws IOException {
    assertThat(stream.write(bytes(text))).isEqualTo(text.length());
  }

  /** All that can be read now; with a mark where the stream ends. */
  String read(StreamSocket stream) throws IOException {
    var text = new StringBuilder();
    MemorySegment buffer = arena.allocate(4_096);
    int read;
    while ((read = stream.read(buffer)) > 0) {
      text.append(
          new String(
              buffer.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8));
    }
    return read == IoStatus.END_OF_STREAM ? text + "<end>" : text.toString();
  }

  /** Writes until nothing more is taken; how much was. */
  long fill(StreamSocket stream) throws IOException {
    MemorySegment chunk = arena.allocate(10_000);
    long taken = 0;
    int written;
    while ((written = stream.write(chunk)) > 0) {
      taken += written;
    }
    return taken;
  }

  /** Reads and throws away; how much there was. */
  long drain(StreamSocket stream) throws IOException {
    MemorySegment chunk = arena.allocate(10_000);
    long taken = 0;
    int read;
    while ((read = stream.read(chunk)) > 0) {
      taken += read;
    }
    return taken;
  }

  /** The bits that are reported now. */
  int ready(Platform platform, Pollable pollable, Interest interest) throws IOException {
    try (var poller = Poller.open(platform, token -> {})) {
      poller.register(pollable, 1, interest, Trigger.LEVEL);
      var events = new ReadyEvents(1);
      poller.poll(events, 0);
      int bits = events.size() == 0 ? 0 : events.bits(0);
      poller.deregister(pollable);
      return bits;
    }
  }

  static String errorOf(ThrowingCallable action) {
    ErrnoException thrown = catchThrowableOfType(ErrnoException.class, action);
    return thrown == null ? "none" : thrown.errnoName();
  }
}
