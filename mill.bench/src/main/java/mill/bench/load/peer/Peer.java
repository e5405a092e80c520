package mill.bench.load.peer;

import java.util.ArrayList;
import java.util.List;

/**
 * A server that can be measured.
 *
 * @param name its name on the command line and in tables
 * @param command starts it
 * @param tellsAllocation whether it runs on Java, and answers on its standard input what it
 *     allocates
 * @param missing why it cannot be measured here; empty if it can
 */
public record Peer(String name, List<String> command, boolean tellsAllocation, String missing) {
  /** {@return the same with a variable in its environment} */
  Peer with(String variable, String value) {
    List<String> all = new ArrayList<>(List.of("env", variable + '=' + value));
    all.addAll(command);
    return new Peer(name, all, tellsAllocation, missing);
  }

  /** {@return the command with more options for its Java} */
  public List<String> commandWith(List<String> options) {
    List<String> more = new ArrayList<>(command);
    int java = more.indexOf(Peers.javaProgram());
    more.addAll(java + 1, options);
    return more;
  }
}
