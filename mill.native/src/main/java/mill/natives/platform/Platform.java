package mill.natives.platform;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Everything mill asks of an operating system.
 *
 * <p>A platform is a poller with its waker ({@link PollerBackend}), a table of socket calls ({@link
 * Sockets}), the way addresses are written in memory ({@link AddressCodec}), and the numbers:
 * errors ({@link Errnos}) and socket options ({@link OptionCode}). Nothing above this interface
 * knows which system it runs on, and nothing in it names one: a simulation in plain Java can
 * implement it, and mill's own tests do.
 *
 * <h2>Rules that every platform keeps</h2>
 *
 * <ul>
 *   <li>Descriptors are {@code int}s. Windows' socket handles fit: they have 32 significant bits.
 *   <li>A call returns {@code n >= 0}, or {@code -errno} in the platform's own numbering. It throws
 *       only for memory that is closed or belongs to another thread.
 *   <li>Descriptors it opens are non-blocking and not inherited by child processes.
 *   <li>A token goes into the kernel with the descriptor and comes back with each of its events,
 *       all 64 bits, unread. {@code -1} is the poller's own and is never passed in.
 *   <li>Errors and hang-ups are reported for every descriptor that is in the kernel's set.
 *   <li>Everything may be called from any thread, except where a method says otherwise.
 * </ul>
 */
public interface Platform {
  /**
   * Names the backend, system and architecture, as in {@code epoll on Linux/amd64}.
   *
   * @return the name
   */
  String name();

  /**
   * Gives the error table.
   *
   * @return the table, always the same
   */
  Errnos errnos();

  /**
   * Opens a poller with its waker.
   *
   * @return the poller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  PollerBackend openPoller() throws IOException;

  /**
   * Gives the socket calls.
   *
   * @return the table, always the same
   */
  Sockets sockets();

  /**
   * Gives the address codec.
   *
   * @return the codec, always the same
   */
  AddressCodec addresses();

  /**
   * Finds the numbers of a socket option.
   *
   * @param name the option's standard name, such as {@code TCP_NODELAY}
   * @return its level and number, or null if this system has no such option
   */
  @SuppressWarnings("exports") // see module-info
  @Nullable OptionCode option(String name);

  /**
   * Reads the clock that waits and timers are measured by: monotonic, with an origin of its own, so
   * only differences mean something. By default the system's.
   *
   * @return nanoseconds
   */
  default long nanoTime() {
    return System.nanoTime();
  }

  /**
   * Gives the threads that mill runs on this platform, and the ways in which they wait. By default
   * the JDK's.
   *
   * @return the threads, always the same
   */
  default Threads threads() {
    return Threads.system();
  }

  /**
   * Tells whether the kernel spreads new connections over all the listeners of an address that have
   * {@code SO_REUSEPORT}. Having the option is not enough: on macOS one of the listeners gets them
   * all. By default no.
   *
   * @return true if it spreads them, as Linux does ({@code socket(7)})
   */
  default boolean balancesListeners() {
    return false;
  }

  /**
   * Binds the calling thread to one processor, where the system allows that.
   *
   * @param cpu the processor's number, from 0
   * @return 0, or {@code -errno}; {@code -ENOSYS} where the system has no such call
   */
  int pinCurrentThread(int cpu);
}
