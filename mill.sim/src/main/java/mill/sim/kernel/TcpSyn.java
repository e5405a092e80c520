package mill.sim.kernel;

import mill.sim.fault.FaultKind;

/** The first segment of a connection: the one that looks for a listener. */
final class TcpSyn extends Packet {
  private final TcpEnd client;
  private final Endpoint source;
  private final Endpoint destination;

  TcpSyn(TcpEnd client, Host to, Endpoint source, Endpoint destination) {
    super(client.host(), to, null);
    this.client = client;
    this.source = source;
    this.destination = destination;
  }

  @Override
  String label() {
    return "syn";
  }

  @Override
  void arrive() {
    if (!client.isConnecting()) {
      return;
    }
    TcpSocket listener = to.tcpPorts.listener(destination);
    Fate fate = listener == null ? Fate.NONE : to.faults().atConnect(from.index(), to.index());
    if (listener == null || fate == Fate.REFUSED) {
      if (fate == Fate.REFUSED) {
        to.faults().happened(FaultKind.CONNECT_REFUSED);
      }
      to.network().send(new Refusal(to, client));
    } else if (listener.queue().isFull()) {
      client.syn().onLost(); // the kernel drops it, and the client asks again
    } else {
      listener.embryo(destination, source, client, fate);
    }
  }

  @Override
  boolean waits() {
    client.syn().onLost();
    return false;
  }

  /** Nobody listens there. */
  private static final class Refusal extends Packet {
    private final TcpEnd client;

    Refusal(Host from, TcpEnd client) {
      super(from, client.host(), null);
      this.client = client;
    }

    @Override
    String label() {
      return "refusal";
    }

    @Override
    void arrive() {
      client.onReset();
    }

    @Override
    boolean waits() {
      client.syn().onLost();
      return false;
    }
  }
}
