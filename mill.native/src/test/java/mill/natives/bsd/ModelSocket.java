package mill.natives.bsd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/** A model of a socket: TCP, UDP or Unix domain, over no network but this one. */
final class ModelSocket extends ModelFile {
  /** A datagram with its sender's address and the files that it passes. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Datagram(byte[] bytes, byte[] from, List<ModelFile> passed) {}

  private static final int BUFFER_BYTES = 128 * 1024;
  private static final int LOW_WATER_BYTES = 2048;

  final int family;
  final boolean stream;
  final ByteQueue received = new ByteQueue(BUFFER_BYTES);
  final Deque<Datagram> datagrams = new ArrayDeque<>();

  /** What a stream's bytes pass; comes with the next of them that are received as a message. */
  final List<ModelFile> passed = new ArrayList<>();

  final Deque<ModelSocket> waiting = new ArrayDeque<>();
  final Map<Long, byte[]> options = new HashMap<>();

  byte[] local = new byte[0];
  byte[] remote = new byte[0];
  @Nullable String name;
  @Nullable ModelSocket peer;
  boolean listening;
  boolean connected;
  boolean cantReceive;
  boolean cantSend;

  /** {@code so_error}: stays until somebody asks for it. */
  int error;

  ModelSocket(int family, boolean stream) {
    this.family = family;
    this.stream = stream;
  }

  @Override
  State read() {
    if (listening) {
      return readState.set(!waiting.isEmpty(), false, 0, waiting.size());
    }
    int data = stream ? received.size() : datagrams.size();
    if (cantReceive) {
      return readState.set(true, true, error, data);
    }
    return readState.set(data > 0 || error != 0, false, 0, data);
  }

  @Override
  State write() {
    int room = room();
    if (cantSend) {
      return writeState.set(true, true, error, room);
    }
    boolean ready = error != 0 || !stream || (connected && room >= LOW_WATER_BYTES);
    return writeState.set(ready, false, 0, room);
  }

  int room() {
    ModelSocket to = peer;
    return to == null ? BUFFER_BYTES : to.received.room();
  }

  /** The peer's reset has arrived, or a connect was refused. */
  void broken(ModelKernel kernel, int errno) {
    error = errno;
    cantReceive = true;
    cantSend = true;
    connected = false;
    peer = null;
    kernel.readChanged(this);
    kernel.writeChanged(this);
  }

  int takeError() {
    int taken = error;
    error = 0;
    return taken;
  }

  boolean flag(int level, int option) {
    byte[] value = options.get(key(level, option));
    return value != null && value[0] != 0;
  }

  static long key(int level, int option) {
    return ((long) level << 32) | option;
  }

  @Override
  void closed(ModelKernel kernel) {
    if (name != null && family != MacOs.AF_UNIX()) {
      kernel.bound.remove(name, this);
    }
    listening = false;
    for (ModelSocket dropped : waiting) {
      dropped.closed(kernel);
    }
    ModelSocket to = peer;
    peer = null;
    if (to == null) {
      return;
    }
    if (family == MacOs.AF_UNIX()) {
      to.cantReceive = true;
      to.cantSend = true;
      to.peer = null;
    } else if (received.size() > 0 || resetsAtClose()) {
      to.broken(kernel, MacOs.ECONNRESET());
    } else {
      to.cantReceive = true;
    }
    kernel.readChanged(to);
    kernel.writeChanged(to);
  }

  private boolean resetsAtClose() {
    byte[] linger = options.get(key(MacOs.SOL_SOCKET(), MacOs.SO_LINGER_SEC()));
    return linger != null && linger[0] != 0 && linger[4] == 0;
  }
}
