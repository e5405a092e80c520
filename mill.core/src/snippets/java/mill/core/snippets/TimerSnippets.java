package mill.core.snippets;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import mill.core.EventLoop;
import mill.core.Timeout;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;

/** Examples of timers. */
final class TimerSnippets {
  private TimerSnippets() {}

  static void schedule(EventLoop loop, TcpStream stream, MemorySegment buffer) throws IOException {
    // @start region="schedule"
    var idleNs = Duration.ofSeconds(30).toNanos();
    Timeout idle = loop.schedule(Duration.ofSeconds(30), stream::close);
    loop.register(
        stream,
        Interest.READABLE,
        (registration, readiness) -> {
          idle.rescheduleNs(idleNs); // one timer for the connection's life, no garbage
          if (stream.read(buffer) == IoStatus.END_OF_STREAM) {
            idle.cancel();
            registration.close();
          }
        });
    // @end
  }
}
