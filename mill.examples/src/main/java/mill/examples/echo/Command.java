package mill.examples.echo;

/** What the command line asks for. */
sealed interface Command {
  /** No processor in particular. */
  int ANY_CPU = -1;

  /** Show how the demo is called. */
  record Help() implements Command {}

  /**
   * Serve until stopped.
   *
   * @param host the address to listen on
   * @param port the port; 0 lets the system choose
   * @param cpu the processor to run on, or {@link #ANY_CPU}
   * @param child whether to end with stdin, as the server of a {@link Drive} does
   * @param once whether to echo one message of its own, and end
   */
  record Serve(String host, int port, int cpu, boolean child, boolean once) implements Command {}

  /**
   * Start a server and drive it.
   *
   * @param seconds how long to measure
   * @param warmupSeconds how long to let the compilers settle before that
   * @param connections how many connections
   * @param sizeBytes the size of a message
   * @param pipeline how many messages of a connection are under way
   * @param pin whether server and load generator get a processor each
   */
  record Drive(
      int seconds, int warmupSeconds, int connections, int sizeBytes, int pipeline, boolean pin)
      implements Command {}
}
