package mill.sim.programs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import mill.core.Registration;
import mill.natives.Interest;
import mill.natives.net.TcpStream;

/** What a connection has still to send, and the interest that goes with it. */
final class Outbox {
  private final int capacity;
  private final MemorySegment bytes;
  private int start;
  private int end;

  /** Makes an empty one with room for so many bytes. */
  Outbox(int capacity) {
    this.capacity = capacity;
    bytes = Arena.ofAuto().allocate(capacity);
  }

  /** How many bytes wait. */
  int size() {
    return end - start;
  }

  /** How many more there is room for. */
  int room() {
    return capacity - size();
  }

  void add(MemorySegment from, long offset, int length) {
    if (end + length > capacity) {
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
