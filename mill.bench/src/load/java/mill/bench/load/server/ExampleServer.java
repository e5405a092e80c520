package mill.bench.load.server;

import java.util.Arrays;

/** A server of mill.examples, unchanged, with a console beside it. */
final class ExampleServer {
  private ExampleServer() {}

  /**
   * Runs it.
   *
   * @param args the name of its class, then its own arguments
   */
  public static void main(String[] args) throws ReflectiveOperationException {
    ServerConsole.listen();
    // Built after this is compiled, so it is not named here.
    Class.forName(args[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
  }
}
