package mill.examples.echo;

import java.io.IOException;
import java.util.Arrays;
import mill.core.EventHandler;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.TcpStream;

/**
 * One connection of the load: keeps a number of messages under way, checks each byte that comes
 * back, and sends the next message for each that is complete. On the loop's thread.
 */
final class LoadConnection implements EventHandler {
  private final LoadGenerator load;
  private final TcpStream stream;
  private final int number;
  private final int sizeBytes;

  // When each message under way was due. They come back in order, and the next one takes the place
  // and the time.
  private final long[] dueNs;
  private int oldest;

  private boolean connected;
  private boolean waitsForRoom;

  // Positions in the stream, from 0.
  private long sent;
  private long received;
  private long allowed;
  private long messageEnd;

  LoadConnection(LoadGenerator load, TcpStream stream, int number) {
    this.load = load;
    this.stream = stream;
    this.number = number;
    sizeBytes = load.sizeBytes();
    dueNs = new long[load.pipeline()];
    messageEnd = sizeBytes;
    allowed = (long) sizeBytes * load.pipeline();
  }

  @Override
  public void onReady(Registration registration, Readiness readiness) throws IOException {
    if (!connected) {
      connect(registration);
    } else if (!readiness.isReadable() || receive()) {
      send(registration);
    }
  }

  @Override
  public void onError(Registration registration, Throwable error) {
    load.fail("connection " + number + " failed: " + error.getMessage());
  }

  private void connect(Registration registration) throws IOException {
    if (stream.finishConnect()) {
      connected = true;
      stream.setOption(SockOpt.TCP_NODELAY, true);
      registration.setInterest(Interest.READABLE);
      Arrays.fill(dueNs, System.nanoTime());
      send(registration);
    }
  }

  /** Sends what may be under way and is not. */
  private void send(Registration registration) throws IOException {
    while (sent < allowed) {
      long piece = Math.min(allowed - sent, Pattern.MAX_PIECE_BYTES);
      long offset = Pattern.offset(Pattern.start(number) + sent);
      int written = stream.write(load.pattern().bytes(), offset, piece);
      sent += Math.max(written, 0);
      if (written < piece) {
        waitsForRoom = true;
        registration.setInterest(Interest.READABLE_WRITABLE);
        return;
      }
    }
    if (waitsForRoom) {
      waitsForRoom = false;
      registration.setInterest(Interest.READABLE);
    }
  }

  /** Reads and checks; false if the connection cannot go on. */
  private boolean receive() throws IOException {
    int read = stream.read(load.buffer());
    if (read == IoStatus.WOULD_BLOCK) {
      return true;
    }
    if (read == IoStatus.END_OF_STREAM) {
      load.fail("the server closed connection " + number);
      return false;
    }
    long wrong = load.pattern().mismatch(load.buffer(), read, Pattern.start(number) + received);
    if (wrong >= 0 || received + read > sent) {
      load.fail(
          "connection "
              + number
              + " got a wrong echo at byte "
              + (wrong >= 0 ? received + wrong : sent)
              + ", in message "
              + (wrong >= 0 ? received + wrong : sent) / sizeBytes);
      return false;
    }
    received += read;
    if (received >= messageEnd) {
      complete(System.nanoTime());
    }
    return true;
  }

  private void complete(long nowNs) {
    while (received >= messageEnd) {
      load.record(nowNs - dueNs[oldest]);
      dueNs[oldest] = nowNs;
      oldest = oldest + 1 == dueNs.length ? 0 : oldest + 1;
      messageEnd += sizeBytes;
      allowed += sizeBytes;
    }
  }
}
