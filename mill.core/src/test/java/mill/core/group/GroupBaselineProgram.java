package mill.core.group;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import mill.core.BaselineProgram;
import mill.natives.Interest;
import mill.natives.net.TcpStream;
import mill.testing.Await;
import mill.testnet.Net;

/**
 * Opens, starts and ends groups in every way, and tells whether descriptors and threads are back
 * where they were.
 */
final class GroupBaselineProgram {
  private static final int CYCLES = 40;
  private static final int CONNECTIONS = 4;
  private static final int NO_SUCH_CPU = 1 << 20;

  // As in BaselineProgram: a leak shows in at least each fourth cycle.
  private static final int DRIFT = File.separatorChar == '\\' ? CYCLES / 8 : 0;

  private GroupBaselineProgram() {}

  public static void main(String[] args) throws Throwable {
    for (int way = 0; way < 4; way++) {
      cycle(way); // opens what the JVM opens once
    }
    int descriptorsBefore = BaselineProgram.descriptors();
    List<String> before = BaselineProgram.threads();
    for (int i = 0; i < CYCLES; i++) {
      cycle(i % 4);
    }
    int descriptorsAfter = BaselineProgram.descriptors();
    List<String> after = BaselineProgram.threads();
    if (Math.abs(descriptorsAfter - descriptorsBefore) > DRIFT || !after.equals(before)) {
      System.out.println("before: " + descriptorsBefore + " descriptors, " + before);
      System.out.println("after: " + descriptorsAfter + " descriptors, " + after);
      System.exit(1);
    }
    System.out.println("baseline");
  }

  private static void cycle(int way) throws Exception {
    var config =
        LoopGroupConfig.builder().loops(2).cpus(way == 3 ? new int[] {NO_SUCH_CPU} : new int[0]);
    try (EventLoopGroup group = EventLoopGroup.open(config.build())) {
      var accepted = new CountDownLatch(CONNECTIONS);
      AcceptMode mode = way == 1 ? AcceptMode.HANDOFF : AcceptMode.AUTO;
      GroupListener listener =
          group.listen(
              Net.loopback(),
              CONNECTIONS,
              mode,
              (loop, stream) -> {
                loop.register(
                    stream, Interest.READABLE, (registration, readiness) -> registration.close());
                accepted.countDown();
              });
      var clients = new ArrayList<TcpStream>();
      for (int i = 0; i < CONNECTIONS; i++) {
        clients.add(TcpStream.connect((InetSocketAddress) listener.localAddress()));
      }
      if (way < 2) {
        group.start();
        Await.await(accepted);
        group.shutdown(Duration.ofSeconds(10)).toCompletableFuture().get();
      } else if (way == 3) {
        requireRefusal(group);
      }
      clients.forEach(TcpStream::close);
    }
  }

  private static void requireRefusal(EventLoopGroup group) {
    try {
      group.start();
    } catch (IOException e) {
      return;
    }
    throw new AssertionError("started, bound to a processor that there is not");
  }
}
