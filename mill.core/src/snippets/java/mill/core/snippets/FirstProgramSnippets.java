package mill.core.snippets;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import mill.core.EventHandler;
import mill.core.EventLoop;
import mill.natives.Interest;
import mill.natives.net.IoStatus;
import mill.natives.net.TcpStream;

/** The first program of the package's page. */
final class FirstProgramSnippets {
  private FirstProgramSnippets() {}

  // @start region="echo"
  static void serve(InetSocketAddress address) throws IOException {
    try (var loop = EventLoop.open()) {
      loop.listen(address, stream -> loop.register(stream, Interest.READABLE, echo(stream)));
      loop.run();
    }
  }

  static EventHandler echo(TcpStream stream) {
    MemorySegment buffer = Arena.ofAuto().allocate(4096);
    return (registration, readiness) -> {
      int read = stream.read(buffer);
      if (read == IoStatus.END_OF_STREAM) {
        registration.close();
      } else if (read > 0) {
        stream.write(buffer, 0, read); // a real server keeps what write did not take
      }
    };
  }

  // @end
}
