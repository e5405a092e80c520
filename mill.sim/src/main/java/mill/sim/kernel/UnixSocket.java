package mill.sim.kernel;

import mill.natives.platform.NativeAddress;
import mill.natives.platform.Sockets;
import mill.natives.platform.Sockets.Family;
import org.jspecify.annotations.Nullable;

/** A Unix domain socket: it has a name, or none ({@code unix(7)}). */
abstract class UnixSocket extends SimSocket {
  String name = "";
  boolean closed;
  Passed passing = Passed.NOTHING; // by the message that is being sent
  Passed came = Passed.NOTHING; // with the message that was received last

  /** A message came; what came with the one before, and was not asked for, is closed. */
  final void came(Passed with) {
    came.drop();
    came = with;
  }

  UnixSocket(Host host, Sockets.Type type) {
    super(host, Family.UNIX, type);
  }

  @Override
  final int bind(NativeAddress address) {
    String wanted = SimAddresses.readName(address);
    if (wanted == null || !name.isEmpty()) {
      return -SimErrnos.EINVAL;
    }
    return host.unixNames.bind(wanted, this);
  }

  @Override
  final int localAddress(NativeAddress into) {
    SimAddresses.writeName(into, name);
    return 0;
  }

  abstract @Nullable UnixSocket peer();

  @Override
  final int remoteAddress(NativeAddress into) {
    UnixSocket peer = peer();
    if (peer == null) {
      into.setLength(0);
      return -SimErrnos.ENOTCONN;
    }
    SimAddresses.writeName(into, peer.name);
    return 0;
  }

  /** {@return the error of looking for a socket of this type by a name, 0 if there is one} */
  final int missing(@Nullable String wanted) {
    if (wanted == null) {
      return -SimErrnos.EINVAL;
    }
    UnixSocket found = host.unixNames.find(wanted);
    if (found == null) {
      boolean isPath = !wanted.isEmpty() && wanted.charAt(0) != 0;
      return isPath && !host.unixNames.exists(wanted) ? -SimErrnos.ENOENT : -SimErrnos.ECONNREFUSED;
    }
    return found.type == type ? 0 : -SimErrnos.EPROTOTYPE;
  }

  @Override
  void release() {
    closed = true;
    if (!name.isEmpty()) {
      host.unixNames.close(name, this);
    }
  }
}
