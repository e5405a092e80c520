package mill.sim.kernel;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names of a host's Unix sockets ({@code unix(7)}): paths, of which no file system knows, and
 * abstract names. A path stays when its socket is closed.
 */
final class UnixNames {
  /** Who has a name; nobody any more where only the path is left. */
  private static final class Node {
    @Nullable UnixSocket owner;
  }

  private final Map<String, Node> names = new TreeMap<>();
  private int lastChosen;

  /** Gives a socket a name, or one of the system's choice if it is empty; 0 or {@code -errno}. */
  int bind(String wanted, UnixSocket owner) {
    String name = wanted;
    while (name.isEmpty() || (wanted.isEmpty() && names.containsKey(name))) {
      name = "\0%05x".formatted(++lastChosen);
    }
    if (names.containsKey(name)) {
      return -SimErrnos.EADDRINUSE;
    }
    var node = new Node();
    node.owner = owner;
    names.put(name, node);
    owner.name = name;
    return 0;
  }

  /** {@return whether there is such a name, be it of nobody} */
  boolean exists(String name) {
    return names.containsKey(name);
  }

  @Nullable UnixSocket find(String name) {
    Node node = names.get(name);
    return node == null ? null : node.owner;
  }

  /** The owner of a name is closed. */
  void close(String name, UnixSocket owner) {
    Node node = names.get(name);
    if (node != null && owner.equals(node.owner)) {
      node.owner = null;
      if (name.charAt(0) == 0) {
        names.remove(name);
      }
    }
  }

  boolean unlink(String path) {
    return names.remove(path) != null;
  }

  /** The machine has lost its power: paths are left. */
  void vanish() {
    names.keySet().removeIf(name -> name.charAt(0) == 0);
    names.values().forEach(node -> node.owner = null);
  }
}
