package mill.bench.jmh;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.TimeUnit;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.RawFd;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The time from making a file until the handler has seen it, and from deleting it until that was
 * seen: both together are one operation.
 *
 * <p>In a directory in memory where there is one. The benchmark's thread waits by spinning, the
 * same for all.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class FileEvents {
  private static final Path MEMORY = Path.of("/dev/shm");

  /** A watched directory with one file that comes and goes; the subclasses watch. */
  @State(Scope.Thread)
  public abstract static class Subject {
    private Path directory;
    private Path file;
    private long made;
    private volatile long seen;

    abstract void start(Path directory) throws Exception;

    abstract void stop() throws Exception;

    @Setup(Level.Trial)
    public void setUp() throws Exception {
      directory =
          Files.isDirectory(MEMORY)
              ? Files.createTempDirectory(MEMORY, "mill")
              : Files.createTempDirectory("mill");
      file = directory.resolve("file");
      start(directory);
    }

    @TearDown(Level.Trial)
    public void tearDown() throws Exception {
      stop();
      Files.delete(directory);
    }

    final long comeAndGo() throws IOException {
      Files.createFile(file);
      await(++made);
      Files.delete(file);
      await(++made);
      return made;
    }

    /** An event was seen; by one thread. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    final void onEvent() {
      seen++;
    }

    private void await(long events) {
      while (seen != events) {
        Thread.onSpinWait();
      }
    }
  }

  /** inotify on mill's loop. */
  public static class Mill extends Subject {
    private static final int BUFFER_BYTES = 4096;

    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, Integer.BYTES);
    private MillLoop loop;
    private RawFd fd;

    @Override
    void start(Path directory) throws IOException {
      loop = new MillLoop();
      fd = InotifyFd.watch(directory);
      loop.loop().register(fd, Interest.READABLE, this::read);
      loop.start();
    }

    @Override
    void stop() throws InterruptedException {
      loop.close(); // and the descriptor with it
    }

    private void read(Registration registration, Readiness readiness) throws IOException {
      int n = fd.read(buffer, 0, BUFFER_BYTES);
      for (int at = 0; at < n; at += next(at)) {
        int mask = buffer.get(JAVA_INT, at + InotifyFd.MASK_OFFSET);
        if ((mask & (InotifyFd.IN_CREATE | InotifyFd.IN_DELETE)) != 0) {
          onEvent();
        }
      }
    }

    private int next(int at) {
      return InotifyFd.NAME_OFFSET + buffer.get(JAVA_INT, at + InotifyFd.LENGTH_OFFSET);
    }
  }

  /** The JDK's own, which on Linux is inotify as well, and a thread that takes from it. */
  public static class Nio extends Subject {
    private WatchService service;
    private Thread thread;

    @Override
    void start(Path directory) throws IOException {
      service = directory.getFileSystem().newWatchService();
      directory.register(
          service, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
      thread = Thread.ofPlatform().name("watch").start(this::take);
    }

    @Override
    void stop() throws IOException, InterruptedException {
      service.close();
      thread.join();
    }

    private void take() {
      try {
        while (true) {
          WatchKey key = service.take();
          for (WatchEvent<?> event : key.pollEvents()) {
            if (!event.kind().equals(StandardWatchEventKinds.OVERFLOW)) {
              onEvent();
            }
          }
          key.reset();
        }
      } catch (ClosedWatchServiceException e) {
        // the end
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Benchmark
  public long mill(Mill subject) throws IOException {
    return subject.comeAndGo();
  }

  @Benchmark
  public long nioWatchService(Nio subject) throws IOException {
    return subject.comeAndGo();
  }
}
