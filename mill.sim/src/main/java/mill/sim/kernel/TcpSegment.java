package mill.sim.kernel;

/** A segment of a TCP connection. Every one says what was received, and how much more may come. */
final class TcpSegment extends Packet {
  enum Kind {
    SYN_ACK("syn+ack"),
    ACK("ack"),
    DATA("data"),
    FIN("fin"),
    PROBE("probe"),
    RST("rst");

    private final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  static final byte[] NO_BYTES = {};

  final Kind kind;
  final TcpEnd sender;
  final TcpEnd receiver;
  final byte[] bytes;
  final long ack;
  final long windowEnd;

  TcpSegment(Kind kind, TcpEnd sender, TcpEnd receiver, byte[] bytes, long ack, long windowEnd) {
    super(sender.host(), receiver.host(), sender.lane);
    this.kind = kind;
    this.sender = sender;
    this.receiver = receiver;
    this.bytes = bytes;
    this.ack = ack;
    this.windowEnd = windowEnd;
  }

  @Override
  String label() {
    return kind.label;
  }

  @Override
  void arrive() {
    receiver.onSegment(this);
  }

  @Override
  boolean waits() {
    switch (kind) {
      case SYN_ACK -> receiver.syn().onAnswerHeld();
      case ACK -> receiver.onHeld();
      case DATA, FIN -> sender.onHeld();
      case PROBE, RST -> {
        // Sent once. A reset comes again if something comes that is answered by it.
        return false;
      }
    }
    return true;
  }
}
