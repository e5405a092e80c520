package mill.sim.kernel;

import mill.natives.net.StreamSocket;

/** What the simulated kernel knows of one end of a connection, also when that is closed. */
public final class KernelEnd {
  private final TcpEnd end;

  private KernelEnd(TcpEnd end) {
    this.end = end;
  }

  /**
   * {@return the end that a socket stands for}
   *
   * @param socket a TCP socket that is connected and open
   */
  public static KernelEnd of(StreamSocket socket) {
    var platform = (SimPlatform) socket.platform();
    var found = platform.files().get(socket.fd());
    if (found instanceof TcpSocket tcp) {
      return new KernelEnd(tcp.end());
    }
    throw new AssertionError("no TCP socket: " + socket + " is " + found);
  }

  /** {@return how many bytes it has taken from its program} */
  public long taken() {
    return end.sender().written();
  }

  /** {@return how many bytes wait until its program reads them} */
  public long unread() {
    return end.received.size();
  }
}
