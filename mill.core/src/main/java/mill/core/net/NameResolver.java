package mill.core.net;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Finds the addresses of names without holding a loop up: where a resolver of another kind plugs
 * in, see {@link ConnectionConfig#resolver}. Any loop's thread.
 *
 * <p>IP addresses are never asked for, in whatever form they come.
 */
@FunctionalInterface
public interface NameResolver {
  /**
   * Asks for the addresses of a name. Must not block.
   *
   * @param name a host name
   * @return completes, on any thread, with the addresses in the order in which they are to be
   *     preferred, perhaps none, or with what went wrong; cancelled as soon as nobody waits for it
   *     any more
   */
  CompletableFuture<List<InetAddress>> resolve(String name);
}
