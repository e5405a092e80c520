package mill.core;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;

/**
 * Exits in the middle of a callback, with the shutdown hook that the Javadoc shows: the hook waits
 * for the loop, the loop's callback for the hook, or for nothing at all.
 */
final class ShutdownHookProgram {
  private static final Duration TIMEOUT = Duration.ofMillis(100);

  private ShutdownHookProgram() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "task" -> {
        EventLoop loop = EventLoop.open();
        addHook(loop);
        loop.execute(() -> System.exit(3));
        loop.run();
      }
      case "handler" -> {
        EventLoop loop = EventLoop.open();
        addHook(loop);
        var blocked = new CountDownLatch(1);
        loop.execute(() -> {
          blocked.countDown();
          blockForEver();
        });
        Thread.ofPlatform().start(() -> exitAfter(blocked));
        loop.run();
      }
      default -> {
        EventLoopGroup group = EventLoopGroup.open(LoopGroupConfig.builder().loops(2).build());
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(() -> {
                  var report = group.shutdown(TIMEOUT).toCompletableFuture().join();
                  tell(report.inTime(), report.stillRunning());
                }));
        group.start();
        group.next().execute(() -> System.exit(3));
      }
    }
  }

  private static void addHook(EventLoop loop) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              ShutdownReport report = loop.shutdown(TIMEOUT).toCompletableFuture().join();
              tell(report.inTime(), report.stillRunning());
            }));
  }

  private static void tell(boolean inTime, List<String> stillRunning) {
    System.out.println("in time: " + inTime + ", still running: " + stillRunning);
  }

  private static void blockForEver() {
    while (true) {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        // It blocks again.
      }
    }
  }

  private static void exitAfter(CountDownLatch blocked) {
    try {
      blocked.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    System.exit(3);
  }
}
