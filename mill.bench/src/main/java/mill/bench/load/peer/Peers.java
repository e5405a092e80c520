package mill.bench.load.peer;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import mill.bench.load.client.Workload;

/** Who can be measured, and how each is started. */
public final class Peers {
  /** All that take part in an echo, the baseline first. */
  public static final List<String> ECHO =
      List.of(
          "c",
          "nio",
          "netty",
          "virtual",
          "mill",
          "mill-workers",
          "mill-connection",
          "mio",
          "mill-io",
          "mill-io-pool",
          "mill-net");

  /**
   * Those that look again before they sleep: for the round trip of one connection. They cost a
   * processor while they do, so that processor time tells nothing of them.
   */
  public static final List<String> LATENCY = List.of("c-spin", "mill-latency");

  /** All that exist. */
  public static final List<String> ALL =
      Stream.of(ECHO, LATENCY, List.of("mill-2-loops", "redis-server"))
          .flatMap(List::stream)
          .toList();

  private static final String PACKAGE = "mill.bench.load.server.";

  private final Layout layout;
  private final Programs programs;
  private final int serverCpu;
  private final int secondCpu;

  /**
   * Prepares them.
   *
   * @param serverCpu the processor that servers are pinned to
   * @param secondCpu where the second loop is, in a server of two
   */
  public Peers(Layout layout, Programs programs, int serverCpu, int secondCpu) {
    this.layout = layout;
    this.programs = programs;
    this.serverCpu = serverCpu;
    this.secondCpu = secondCpu;
  }

  /** {@return those of a workload, the baseline first, also those that are missing} */
  public List<Peer> of(Workload workload) throws IOException {
    return switch (workload.kind()) {
      case ECHO -> {
        Stream<String> spinning = workload == Workload.ECHO_1 ? LATENCY.stream() : Stream.empty();
        yield Stream.concat(ECHO.stream(), spinning).map(this::echo).toList();
      }
      case LOOPS -> List.of(echo("mill-connection"), twoLoops());
      case BROADCAST ->
          List.of(
              c("broadcast"),
              java("netty", "NettyBroadcast"),
              java("mill-connection", "MillBroadcast"));
      case HTTP ->
          List.of(
              c("http"),
              java("netty", "NettyHttp"),
              example("mill-connection", "mill.examples.http", "HttpServer"));
      case HTTPS -> https(programs.keyStore().toString());
      case RESP ->
          List.of(
              redisServer(),
              java("netty", "NettyRedis"),
              example("mill-connection", "mill.examples.resp", "RespServer"));
    };
  }

  /** Netty is the baseline: there is no such server in C. */
  private List<Peer> https(String keyStore) {
    String password = Programs.KEY_PASSWORD;
    return List.of(
        java("netty", "NettyHttp", keyStore, password),
        example("mill-connection", "mill.examples.http", "HttpServer", "--tls", keyStore)
            .with("MILL_TLS_PASSWORD", password));
  }

  private Peer echo(String name) {
    return switch (name) {
      case "c" -> c("echo");
      case "c-spin" -> c(name, "echo", "spin");
      case "nio" -> java(name, "NioEcho");
      case "netty" -> java(name, "NettyEcho");
      case "virtual" -> java(name, "VirtualThreadEcho");
      case "mill" -> java(name, "MillEcho", "INLINE");
      case "mill-latency" -> java(name, "MillEcho", "INLINE", "spin");
      case "mill-workers" -> java(name, "MillEcho", "WORKERS");
      case "mill-connection" -> java(name, "MillConnectionEcho");
      default -> rust(name);
    };
  }

  private Peer twoLoops() {
    return javaOn(serverCpu + "," + secondCpu, "mill-2-loops", "MillConnectionEcho", "2");
  }

  private Peer c(String kind) {
    return c("c", kind);
  }

  private Peer c(String name, String... arguments) {
    List<String> command = new ArrayList<>(List.of(programs.server().toString()));
    command.addAll(List.of(arguments));
    return new Peer(name, pinned(command), false, "");
  }

  /** {@return whether a peer is written in Rust} */
  public static boolean isRust(String name) {
    return name.equals("mio") || name.startsWith("mill-io") || name.equals("mill-net");
  }

  private Peer rust(String name) {
    List<String> command = pinned(List.of(programs.rust().toString(), name));
    return new Peer(name, command, false, programs.missing("rust"));
  }

  private Peer redisServer() throws IOException {
    int port = freePort();
    // It does not tell its port where the others do, and sh does it for it.
    String script =
        "echo port "
            + port
            + "; exec redis-server --port "
            + port
            + " --bind 127.0.0.1 --save '' --appendonly no --loglevel warning > /dev/null";
    return new Peer(
        "redis-server",
        pinned(List.of("sh", "-c", script)),
        false,
        programs.missing("redis-server"));
  }

  private Peer java(String name, String main, String... arguments) {
    return javaOn(Integer.toString(serverCpu), name, main, arguments);
  }

  private Peer javaOn(String cpus, String name, String main, String... arguments) {
    List<String> command = new ArrayList<>(jvm());
    command.add(PACKAGE + main);
    command.addAll(List.of(arguments));
    return new Peer(name, pinned(cpus, command), true, "");
  }

  private Peer example(String name, String folder, String main, String... arguments) {
    Path modules = layout.modules();
    if (modules == null || !Files.exists(modules.resolve("mill-examples.jar"))) {
      return new Peer(name, List.of(), true, "mill.examples is not built");
    }
    List<String> command = new ArrayList<>(jvm());
    command.addAll(List.of("--add-modules", "mill.examples"));
    command.addAll(List.of("--add-exports", "mill.examples/" + folder + "=ALL-UNNAMED"));
    command.addAll(List.of(PACKAGE + "ExampleServer", folder + '.' + main, "--port", "0"));
    command.addAll(List.of(arguments));
    return new Peer(name, pinned(command), true, "");
  }

  /** The same flags for all, and what Netty and mill each ask for. */
  private List<String> jvm() {
    List<String> command = new ArrayList<>();
    command.add(javaProgram());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC"));
    command.addAll(
        List.of(
            "--sun-misc-unsafe-memory-access=allow", "-Dio.netty.leakDetection.level=disabled"));
    Path modules = layout.modules();
    if (modules == null) {
      command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", layout.classPath()));
    } else {
      command.addAll(List.of("-p", modules.toString(), "--add-modules", "mill.core"));
      command.add("--enable-native-access=mill.natives,ALL-UNNAMED");
      command.addAll(List.of("-cp", layout.classPath()));
    }
    return command;
  }

  private List<String> pinned(List<String> command) {
    return pinned(Integer.toString(serverCpu), command);
  }

  private static List<String> pinned(String cpus, List<String> command) {
    List<String> all = new ArrayList<>(List.of("taskset", "-c", cpus));
    all.addAll(command);
    return all;
  }

  static String javaProgram() {
    return System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
