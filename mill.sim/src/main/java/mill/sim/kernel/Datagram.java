package mill.sim.kernel;

import mill.sim.fault.FaultKind;

/** A datagram of UDP on its way. */
final class Datagram extends Packet {
  private final UdpSocket sender;
  private final Endpoint source;
  private final Endpoint destination;
  private final byte[] bytes;

  Datagram(UdpSocket sender, Host to, Endpoint source, Endpoint destination, byte[] bytes) {
    super(sender.host, to, null);
    this.sender = sender;
    this.source = source;
    this.destination = destination;
    this.bytes = bytes;
  }

  @Override
  String label() {
    return "datagram";
  }

  @Override
  void arrive() {
    UdpSocket receiver = to.udpPorts.receiver(destination, source);
    if (receiver != null) {
      receiver.onDatagram(bytes, source);
    } else {
      to.network().sendLate(new Unreachable(), 0);
    }
  }

  @Override
  boolean waits() {
    to.faults().happened(FaultKind.DATAGRAM_LOST);
    return false;
  }

  /** The answer that nobody has the port (RFC 792, RFC 4443). */
  private final class Unreachable extends Packet {
    Unreachable() {
      super(Datagram.this.to, Datagram.this.from, null);
    }

    @Override
    String label() {
      return "unreachable";
    }

    @Override
    void arrive() {
      sender.onUnreachable(destination);
    }

    @Override
    boolean waits() {
      return false;
    }
  }
}
