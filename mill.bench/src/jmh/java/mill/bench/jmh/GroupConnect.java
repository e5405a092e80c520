package mill.bench.jmh;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One connection to the servers of {@link GroupEcho}: connect, 64 bytes there and back, reset.
 *
 * <p>With one acceptor that hands off to two loops and, {@code sharded}, with a listener for each
 * of them. The 128 connections of {@link GroupEcho} are there and silent.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class GroupConnect {
  @Benchmark
  public byte mill(GroupEcho.Mill subject) throws IOException {
    return subject.connectEchoClose();
  }

  @Benchmark
  public byte millSharded(GroupEcho.MillSharded subject) throws IOException {
    return subject.connectEchoClose();
  }

  @Benchmark
  public byte nio(GroupEcho.Nio subject) throws IOException {
    return subject.connectEchoClose();
  }

  @Benchmark
  public byte netty(GroupEcho.Netty subject) throws IOException {
    return subject.connectEchoClose();
  }

  @Benchmark
  public byte nettySharded(GroupEcho.NettySharded subject) throws IOException {
    return subject.connectEchoClose();
  }
}
