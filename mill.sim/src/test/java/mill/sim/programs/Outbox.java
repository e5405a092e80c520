package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.net.TcpStream;

/** What a connection has still to send, and the interest that goes with it. */
final class Outbox {
  private static final int CAPACITY = 256 * 1024;

  private final MemorySegment bytes = Arena.ofAuto().allocate(CAPACITY);
  private int start;
  private int end;

  /** How many bytes wait. */
  int size() {
    return end - start;
  }

  /** How many more there is room for. */
  int room() {
    return CAPACITY - size();
  }

  void add(MemorySegment from, long offset, int length) {
    if (end + length > CAPACITY) {
      MemorySegment.copy(bytes, start, bytes, 0, size());
      end -= start;
      start = 0;
    }
    MemorySegment.copy(from, offset, bytes, end, length);
    end += length;
  }

  /** Sends what the socket takes, and asks to hear when it takes more. */
  void flush(Registration registration, Interest reading) throws IOException {
    var stream = (TcpStream) registration.pollable();
    boolean full = false;
    while (size() > 0 && !full) {
      int written = stream.write(bytes, start, size());
      full = written <= 0;
      start += Math.max(written, 0);
    }
    Interest wanted = size() > 0 ? reading.with(Interest.WRITABLE) : reading;
    if (!registration.interest().equals(wanted)) {
      registration.setInterest(wanted);
    }
  }
}
