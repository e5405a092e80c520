package mill.sim.kernel;

/** A pipe ({@code pipe(7)}): bytes between two ends. */
final class Pipe {
  private static final int CAPACITY_BYTES = 65_536;

  /** What is written at once or not at all, and how much room makes a writer writable. */
  private static final int PAGE_BYTES = 4_096;

  private final ByteQueue bytes = new ByteQueue();
  private final Source source;
  private final Sink sink;
  private boolean hasReader = true;
  private boolean hasWriter = true;

  Pipe(Host host) {
    source = new Source(host);
    sink = new Sink(host);
  }

  SimFile source() {
    return source;
  }

  SimFile sink() {
    return sink;
  }

  private int room() {
    return CAPACITY_BYTES - bytes.size();
  }

  /** The end that is read. */
  private final class Source extends SimFile {
    Source(Host host) {
      super(host);
    }

    @Override
    int ready() {
      return (bytes.isEmpty() ? 0 : Ready.IN) | (hasWriter ? 0 : Ready.HUP);
    }

    @Override
    boolean isStream() {
      return true;
    }

    @Override
    int read(Transfer into) {
      boolean wasFull = room() < PAGE_BYTES;
      int moved = bytes.moveTo(into);
      if (moved == 0) {
        return hasWriter ? -SimErrnos.EAGAIN : 0;
      }
      if (wasFull && room() >= PAGE_BYTES) {
        sink.signal(Ready.OUT);
      }
      return moved;
    }

    @Override
    int write(Transfer from) {
      return -SimErrnos.EBADF;
    }

    @Override
    void release() {
      hasReader = false;
      sink.signal(Ready.ANY);
    }
  }

  /** The end that is written. */
  private final class Sink extends SimFile {
    Sink(Host host) {
      super(host);
    }

    @Override
    int ready() {
      return (room() >= PAGE_BYTES ? Ready.OUT : 0) | (hasReader ? 0 : Ready.ERR);
    }

    @Override
    boolean isStream() {
      return true;
    }

    @Override
    int read(Transfer into) {
      return -SimErrnos.EBADF;
    }

    @Override
    int write(Transfer from) {
      if (!hasReader) {
        return -SimErrnos.EPIPE;
      }
      boolean whole = from.left() <= PAGE_BYTES;
      if (room() == 0 || (whole && room() < from.left())) {
        return -SimErrnos.EAGAIN;
      }
      byte[] written = from.take(room());
      bytes.add(written);
      source.signal(Ready.IN);
      return written.length;
    }

    @Override
    void release() {
      hasWriter = false;
      source.signal(Ready.ANY);
    }
  }
}
