package mill.examples.echo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.TcpStream;

/** Drives an echo server from a loop of its own: many connections, each in a closed circle. */
final class LoadGenerator implements AutoCloseable {
  private static final long LOOP_ANSWERS_WITHIN_S = 30;

  /**
   * What has been done at a moment.
   *
   * @param timeNs the moment, as {@link System#nanoTime}
   * @param messages how many messages had come back
   */
  record Snapshot(long timeNs, long messages) {}

  private final Command.Drive command;
  private final EventLoop loop;
  private final Thread thread;
  private final CompletableFuture<String> pinning = new CompletableFuture<>();
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  // Used on the loop's thread, by all connections.
  private final Pattern pattern = new Pattern();
  private final MemorySegment buffer = Arena.ofAuto().allocate(Pattern.MAX_PIECE_BYTES, 8);
  private final LatencyHistogram latency = new LatencyHistogram();
  private long messages;

  /** Opens the connections and starts to send on all of them. */
  LoadGenerator(Command.Drive command, SocketAddress server, int cpu) throws IOException {
    this.command = command;
    loop = EventLoop.open();
    boolean connecting = false;
    try {
      for (int i = 0; i < command.connections(); i++) {
        TcpStream stream = TcpStream.connect(server);
        loop.register(stream, Interest.WRITABLE, new LoadConnection(this, stream, i));
      }
      connecting = true;
    } finally {
      if (!connecting) {
        loop.close();
      }
    }
    thread = Thread.ofPlatform().name("echo-load").daemon().start(() -> run(cpu));
  }

  /** Tells where the loop runs. */
  String pinning() throws DemoFailure {
    return answer(pinning);
  }

  /** Waits; throws as soon as the load has failed. */
  void await(long ns) throws DemoFailure {
    try {
      end.get(Math.max(ns, 0), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return; // the load goes on
    } catch (ExecutionException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted();
    }
    throw DemoFailure.broken("the load generator ended too early");
  }

  Snapshot snapshot() throws DemoFailure {
    return onLoop(() -> {});
  }

  /** Forgets the latencies up to now. */
  Snapshot forgetLatencies() throws DemoFailure {
    return onLoop(latency::reset);
  }

  /** Stops; the latencies are then at rest. */
  LatencyHistogram stop() {
    close();
    return latency;
  }

  @Override
  public void close() {
    loop.stop();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    loop.close();
  }

  int sizeBytes() {
    return command.sizeBytes();
  }

  int pipeline() {
    return command.pipeline();
  }

  Pattern pattern() {
    return pattern;
  }

  MemorySegment buffer() {
    return buffer;
  }

  void record(long latencyNs) {
    messages++;
    latency.record(latencyNs);
  }

  void fail(String line) {
    end.completeExceptionally(DemoFailure.broken(line));
    loop.stop();
  }

  private void run(int cpu) {
    pinning.complete(Pinning.pinCurrentThread(cpu));
    try {
      loop.run();
      end.complete(null);
    } catch (IOException e) {
      end.completeExceptionally(DemoFailure.broken(String.valueOf(e.getMessage())));
    }
  }

  private Snapshot onLoop(Runnable task) throws DemoFailure {
    CompletableFuture<Snapshot> taken = new CompletableFuture<>();
    try {
      loop.execute(() -> {
        task.run();
        taken.complete(new Snapshot(System.nanoTime(), messages));
      });
    } catch (RejectedExecutionException e) {
      await(TimeUnit.SECONDS.toNanos(LOOP_ANSWERS_WITHIN_S)); // tells why the loop has ended
    }
    return answer(taken);
  }

  private static <T> T answer(CompletableFuture<T> question) throws DemoFailure {
    try {
      return question.get(LOOP_ANSWERS_WITHIN_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw DemoFailure.broken("the load generator does not answer");
    } catch (ExecutionException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static DemoFailure failure(ExecutionException e) {
    return e.getCause() instanceof DemoFailure known
        ? known
        : DemoFailure.broken(String.valueOf(e.getCause()));
  }

  private static DemoFailure interrupted() {
    Thread.currentThread().interrupt();
    return DemoFailure.broken("interrupted");
  }
}
