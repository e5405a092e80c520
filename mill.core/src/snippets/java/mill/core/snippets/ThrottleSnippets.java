package mill.core.snippets;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import mill.core.Throttle;
import mill.natives.net.TcpStream;

/** The example of {@link Throttle}'s Javadoc. */
final class ThrottleSnippets {
  private ThrottleSnippets() {}

  // @start region="read"
  /** Reads what the limit allows. The handler of a registration that is readable calls this. */
  static int read(Throttle reads, TcpStream stream, MemorySegment buffer) throws IOException {
    long permitted = reads.permit(buffer.byteSize());
    if (permitted == 0) {
      return 0; // and return: the handler is called when there is more
    }
    int read = stream.read(buffer, 0, permitted);
    reads.giveBack(permitted - Math.max(0, read)); // also at the end of the stream
    return read;
  }
  // @end
}
