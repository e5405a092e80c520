package mill.bench.load.client;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What servers are asked to do, in order of importance. */
public enum Workload {
  ECHO_64("64x64", "64 connections x 64 B", Kind.ECHO, "closed", "connections=64"),
  ECHO_1("1x64", "1 connection x 64 B", Kind.ECHO, "closed", "connections=1"),
  PIPELINED(
      "pipelined", "64 x 16 pipelined x 64 B", Kind.ECHO, "closed", "connections=64 depth=16"),
  LARGE("16k", "16 x 4 x 16 KiB", Kind.ECHO, "closed", "connections=16 depth=4 size=16384"),
  CONNECT("connect", "connect + 1 + close", Kind.ECHO, "connect", "connections=64 sources=16"),
  RATE("rate", "fixed 40,000/s over 64", Kind.ECHO, "rate", "connections=64 rate=40000"),
  IDLE("idle", "10,000 idle + 100 active", Kind.ECHO, "closed", "connections=100 idle=10000"),
  LOOPS("loops", "128 x 64 B, one loop or two", Kind.LOOPS, "closed", "connections=128"),
  BROADCAST(
      "broadcast", "100 B to 1,000", Kind.BROADCAST, "broadcast", "connections=1000 size=100"),
  HTTP("http", "HTTP, wrk -c 64", Kind.HTTP, "exec", ""),
  HTTPS("https", "HTTPS, wrk -c 64", Kind.HTTPS, "exec", ""),
  RESP_1("resp-p1", "RESP, redis-benchmark -c 50 -P 1", Kind.RESP, "exec", ""),
  RESP_16("resp-p16", "RESP, redis-benchmark -c 50 -P 16", Kind.RESP, "exec", "");

  /** What kind of server it takes. */
  public enum Kind {
    ECHO,
    LOOPS,
    BROADCAST,
    HTTP,
    HTTPS,
    RESP
  }

  private final String id;
  private final String title;
  private final Kind kind;
  private final String mode;
  private final String arguments;

  Workload(String id, String title, Kind kind, String mode, String arguments) {
    this.id = id;
    this.title = title;
    this.kind = kind;
    this.mode = mode;
    this.arguments = arguments;
  }

  /** {@return the workload of that name on the command line} */
  public static Optional<Workload> of(String id) {
    return Arrays.stream(values()).filter(workload -> workload.id.equals(id)).findFirst();
  }

  /** {@return its name on the command line} */
  public String id() {
    return id;
  }

  /** {@return its name in tables} */
  public String title() {
    return title;
  }

  /** {@return what kind of server it takes} */
  public Kind kind() {
    return kind;
  }

  /** {@return the load generator's mode} */
  public String mode() {
    return mode;
  }

  /** {@return the load generator's arguments} */
  public List<String> arguments() {
    return arguments.isEmpty() ? List.of() : List.of(arguments.split(" ", -1));
  }

  /** {@return the program that drives it if it is not the harness's own, else nothing} */
  public Optional<String> externalClient() {
    return switch (kind) {
      case ECHO, LOOPS, BROADCAST -> Optional.empty();
      case HTTP, HTTPS -> Optional.of("wrk");
      case RESP -> Optional.of("redis-benchmark");
    };
  }

  /** {@return how many times as long as others it is warmed: cryptography is compiled late} */
  public int warmUps() {
    return kind == Kind.HTTPS ? 5 : 1;
  }
}
