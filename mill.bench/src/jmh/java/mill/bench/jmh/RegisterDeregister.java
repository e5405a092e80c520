package mill.bench.jmh;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.PipePair;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Registers a descriptor for reading and takes it out again: the reading end of an empty pipe,
 * level-triggered.
 *
 * <ul>
 *   <li>{@code mill}: {@link Poller}, {@code register} and {@code deregister}: {@code
 *       EPOLL_CTL_ADD} and {@code DEL}.
 *   <li>{@code millLoop}: {@link EventLoop#register} and {@code Registration.cancel} by a task on
 *       the loop's thread.
 *   <li>{@code nio}: {@code register}, {@code selectNow}, {@code cancel}, {@code selectNow}. A
 *       selector talks to the kernel only when it selects, so it takes the two polls to do what the
 *       others do.
 *   <li>{@code nioNeverArmed}: without the first {@code selectNow}: the kernel never hears of the
 *       descriptor.
 *   <li>{@code netty}: a bare {@code EpollIoHandle}, registered, given its interest and cancelled:
 *       {@code ADD}, {@code MOD} and {@code DEL}.
 *   <li>{@code nettyChannel}: a bound server channel, registered and deregistered, as a user of
 *       Netty's has it: beside {@code millLoop}.
 * </ul>
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class RegisterDeregister {
  /** How many pairs one invocation makes on a loop's thread. */
  public static final int PAIRS = 1000;

  private static final long TOKEN = 7;

  /** A bare poller of mill. */
  @State(Scope.Thread)
  public static class Mill {
    private Poller poller;
    private PipePair pipe;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
      poller = Poller.open();
      pipe = PipePair.open();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      poller.close();
      pipe.close();
    }
  }

  /** mill's loop, and a task that registers and cancels on its thread. */
  @State(Scope.Thread)
  public static class MillOnLoop implements EventHandler {
    private MillLoop loop;
    private PipePair pipe;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
      loop = new MillLoop();
      pipe = PipePair.open();
      loop.start();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws InterruptedException {
      loop.close();
      pipe.close();
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      throw new IllegalStateException("ready: " + registration);
    }

    private boolean pairs() throws IOException {
      boolean quiet = true;
      for (int i = 0; i < PAIRS; i++) {
        var registration = loop.loop().register(pipe.source(), Interest.READABLE, this);
        registration.cancel();
        quiet &= registration.isCancelled();
      }
      return quiet;
    }
  }

  /** A bare selector. */
  @State(Scope.Thread)
  public static class Nio {
    private final Consumer<SelectionKey> never = Nio::onReady;
    private Selector selector;
    private java.nio.channels.Pipe pipe;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
      selector = Selector.open();
      pipe = java.nio.channels.Pipe.open();
      pipe.source().configureBlocking(false);
    }

    @TearDown(Level.Trial)
    public void tearDown() throws IOException {
      selector.close();
      pipe.source().close();
      pipe.sink().close();
    }

    private static void onReady(SelectionKey key) {
      throw new IllegalStateException("ready: " + key);
    }
  }

  /** A loop of Netty's that the benchmark's thread owns, and a bare descriptor. */
  @State(Scope.Thread)
  public static class Netty implements EpollIoHandle {
    private ManualIoEventLoop loop;
    private FileDescriptor[] pipe;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
      loop = NettyLoop.manual();
      pipe = FileDescriptor.pipe();
    }

    @TearDown(Level.Trial)
    public void tearDown() throws IOException {
      NettyLoop.close(loop);
      pipe[0].close();
      pipe[1].close();
    }

    @Override
    public FileDescriptor fd() {
      return pipe[0];
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      throw new IllegalStateException("ready: " + event);
    }

    @Override
    public void close() {
      // The loop closes what is registered as it ends: nothing is.
    }
  }

  /** A loop of Netty's that the benchmark's thread owns, and a channel. */
  @State(Scope.Thread)
  public static class NettyChannel {
    private ManualIoEventLoop loop;
    private EpollServerSocketChannel channel;

    @Setup(Level.Trial)
    public void setUp() {
      loop = NettyLoop.manual();
      channel = new EpollServerSocketChannel();
      register();
      complete(channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
      deregister();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
      register();
      complete(channel.close());
      NettyLoop.close(loop);
    }

    private boolean register() {
      ChannelPromise registered = channel.newPromise();
      channel.unsafe().register(loop, registered);
      return complete(registered);
    }

    private boolean deregister() {
      return complete(channel.deregister());
    }

    // Netty leaves the end of both to a task.
    private boolean complete(ChannelFuture future) {
      loop.runNonBlockingTasks(0);
      if (!future.isSuccess()) {
        throw new IllegalStateException(future + " of " + channel, future.cause());
      }
      return true;
    }
  }

  @Benchmark
  public boolean mill(Mill subject) throws IOException {
    subject.poller.register(subject.pipe.source(), TOKEN, Interest.READABLE, Trigger.LEVEL);
    return subject.poller.deregister(subject.pipe.source());
  }

  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public boolean millLoop(MillOnLoop subject) {
    var done = new CompletableFuture<Boolean>();
    subject
        .loop
        .loop()
        .execute(() -> {
          try {
            done.complete(subject.pairs());
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          }
        });
    return done.join();
  }

  @Benchmark
  public boolean nio(Nio subject) throws IOException {
    SelectionKey key = subject.pipe.source().register(subject.selector, SelectionKey.OP_READ);
    subject.selector.selectNow(subject.never);
    key.cancel();
    subject.selector.selectNow(subject.never);
    return key.isValid();
  }

  @Benchmark
  public boolean nioNeverArmed(Nio subject) throws IOException {
    SelectionKey key = subject.pipe.source().register(subject.selector, SelectionKey.OP_READ);
    key.cancel();
    subject.selector.selectNow(subject.never);
    return key.isValid();
  }

  @Benchmark
  public boolean netty(Netty subject) throws Exception {
    IoRegistration registration = NettyLoop.register(subject.loop, subject);
    return registration.cancel();
  }

  @Benchmark
  public boolean nettyChannel(NettyChannel subject) {
    return subject.register() && subject.deregister();
  }
}
