package mill.core.snippets;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import mill.core.DispatchMode;
import mill.core.EventHandler;
import mill.core.group.EventLoopGroup;
import mill.core.group.LoopGroupConfig;
import mill.natives.Interest;

/** Examples of loop groups. */
final class GroupSnippets {
  private GroupSnippets() {}

  static void serve(EventHandler echo) throws IOException, InterruptedException {
    // @start region="serve"
    try (EventLoopGroup group = EventLoopGroup.open()) {
      group.listen(
          new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 8080),
          (loop, stream) -> loop.register(stream, Interest.READABLE, echo));
      // The report is there in 6 seconds at the latest, whatever a handler does.
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> group.shutdown(Duration.ofSeconds(5)).toCompletableFuture().join()));
      group.start();
      group.awaitEnd();
    }
    // @end
  }

  static LoopGroupConfig config() {
    // @start region="config"
    var config =
        LoopGroupConfig.builder()
            .loops(4)
            .name("web") // the threads are web-0 to web-3
            .cpus(0, 1) // web-0 and web-2 on processor 0, the others on 1
            .loop(each -> each.dispatch(DispatchMode.INLINE).taskQueueCapacity(4096))
            .build();
    // @end
    return config;
  }
}
