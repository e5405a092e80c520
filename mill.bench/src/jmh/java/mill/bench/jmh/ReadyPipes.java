package mill.bench.jmh;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.unix.FileDescriptor;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.PipePair;

/**
 * Pipes with one unread byte each: watched level-triggered they are ready in every turn of a loop.
 *
 * <p>Each library makes its own, of the same kind ({@code pipe(2)}), and registers the reading ends
 * with handlers that only count.
 */
final class ReadyPipes implements Closeable {
  /**
   * Counts, whoever calls; one class for all libraries, so that all of them dispatch to one type.
   */
  static final class Counter implements EventHandler, NioLoop.Handler, EpollIoHandle {
    private final TurnGate gate;
    private final FileDescriptor fd;
    private long count;

    private Counter(TurnGate gate, FileDescriptor fd) {
      this.gate = gate;
      this.fd = fd;
    }

    long count() {
      return count;
    }

    void onReady() {
      count++;
      if (gate != null) {
        gate.turn();
      }
    }

    @Override
    public void onReady(Registration registration, Readiness readiness) {
      onReady();
    }

    @Override
    public void onReady(SelectionKey key) {
      onReady();
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      onReady();
    }

    @Override
    public FileDescriptor fd() {
      return fd;
    }

    /** Netty calls this as its loop ends: what was registered is closed then, as by the others. */
    @Override
    public void close() throws IOException {
      fd.close();
    }
  }

  private final int size;
  private final TurnGate gate;
  private final Counter[] counters;
  private final List<Closeable> opened = new ArrayList<>();

  /**
   * Prepares pipes; one of the methods below makes them.
   *
   * @param gate counts the turns at the first pipe; or null
   */
  ReadyPipes(int size, TurnGate gate) {
    this.size = size;
    this.gate = gate;
    counters = new Counter[size];
  }

  Counter[] counters() {
    return counters;
  }

  /** Registers with a bare poller, the index as token. */
  void register(Poller poller) throws IOException {
    for (int i = 0; i < size; i++) {
      poller.register(millPipe(i).source(), i, Interest.READABLE, Trigger.LEVEL);
    }
  }

  void register(EventLoop loop) throws IOException {
    for (int i = 0; i < size; i++) {
      loop.register(millPipe(i).source(), Interest.READABLE, counters[i]);
    }
  }

  void register(NioLoop loop) throws IOException {
    for (int i = 0; i < size; i++) {
      loop.register(nioPipe(i).source(), SelectionKey.OP_READ, counters[i]);
    }
  }

  void register(Selector selector) throws IOException {
    for (int i = 0; i < size; i++) {
      var source = nioPipe(i).source();
      source.configureBlocking(false);
      source.register(selector, SelectionKey.OP_READ, counters[i]);
    }
  }

  void register(IoEventLoop loop) throws Exception {
    for (int i = 0; i < size; i++) {
      FileDescriptor[] pipe = FileDescriptor.pipe();
      opened.add(pipe[0]::close);
      opened.add(pipe[1]::close);
      pipe[1].write(ByteBuffer.allocateDirect(1), 0, 1);
      NettyLoop.register(loop, counter(i, pipe[0]));
    }
  }

  @Override
  public void close() throws IOException {
    for (Closeable pipe : opened) {
      pipe.close();
    }
  }

  private PipePair millPipe(int index) throws IOException {
    PipePair pipe = PipePair.open();
    opened.add(pipe::close);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(1);
      pipe.sink().write(one, 0, 1);
    }
    counter(index, null);
    return pipe;
  }

  private java.nio.channels.Pipe nioPipe(int index) throws IOException {
    var pipe = java.nio.channels.Pipe.open();
    opened.add(pipe.source());
    opened.add(pipe.sink());
    pipe.sink().write(ByteBuffer.allocateDirect(1));
    counter(index, null);
    return pipe;
  }

  private Counter counter(int index, FileDescriptor fd) {
    counters[index] = new Counter(index == 0 ? gate : null, fd);
    return counters[index];
  }
}
