package mill.sim.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** The connections of a listener that nobody has accepted yet. */
final class ListenQueue {
  private final LinkedHashSet<TcpSocket> embryos = new LinkedHashSet<>();
  private final ArrayDeque<TcpSocket> complete = new ArrayDeque<>(4);
  private int backlog;

  void backlog(int most) {
    backlog = Math.clamp(most, 0, 4_096); // net.core.somaxconn
  }

  /** {@return whether another SYN is dropped} One more than the backlog may wait, as on Linux. */
  boolean isFull() {
    return complete.size() + embryos.size() > backlog;
  }

  boolean isEmpty() {
    return complete.isEmpty();
  }

  void begin(TcpSocket socket) {
    embryos.add(socket);
  }

  void forget(TcpSocket socket) {
    embryos.remove(socket);
  }

  void complete(TcpSocket socket) {
    embryos.remove(socket);
    complete.add(socket);
  }

  TcpSocket next() {
    return complete.remove();
  }

  /** {@return all of them, which are in no queue any more} */
  List<TcpSocket> removeAll() {
    List<TcpSocket> all = new ArrayList<>(complete);
    all.addAll(embryos);
    complete.clear();
    embryos.clear();
    return all;
  }
}
