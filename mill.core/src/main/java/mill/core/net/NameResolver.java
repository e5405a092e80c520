package mill.core.net;

import java.net.InetAddress;
import java.util.List;

/**
 * Finds the addresses of names without holding the loop up. Belongs to one loop; its thread only.
 * Where a resolver of another kind plugs in.
 */
interface NameResolver {
  /** Hears the outcome, once, on the loop's thread; never inside of {@link #resolve}. */
  interface Answer {
    /** These are the addresses, in the order in which they are to be tried; perhaps none. */
    void resolved(List<InetAddress> addresses);

    /** There is no answer. */
    void failed(Throwable why);
  }

  /** A question that is out. */
  interface Lookup {
    /** Nobody waits for the answer any more; it may still come. */
    void cancel();
  }

  /**
   * Asks for the addresses of a name.
   *
   * @param name a host name
   * @param answer hears the outcome
   * @return the question
   * @throws java.util.concurrent.RejectedExecutionException if as many questions wait as there may
   */
  Lookup resolve(String name, Answer answer);

  /** Asks for nothing more. */
  void close();
}
