package mill.natives.abi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Linux bindings against the headers of the machine that the tests run on: a C program that
 * includes them prints every constant, size and offset, and the return size of every function.
 */
@EnabledOnOs(OS.LINUX)
class SystemHeadersTest {

  private static final List<String> HEADERS =
      List.of(
          "errno.h",
          "fcntl.h",
          "limits.h",
          "linux/errqueue.h",
          "netinet/in.h",
          "netinet/tcp.h",
          "netinet/udp.h",
          "sched.h",
          "stdio.h",
          "sys/epoll.h",
          "sys/eventfd.h",
          "sys/ioctl.h",
          "sys/socket.h",
          "sys/uio.h",
          "sys/un.h",
          "time.h",
          "unistd.h");

  /** glibc declares these as enumerators, some C libraries as macros: no #ifdef for them. */
  private static final List<String> ALWAYS_THERE =
      List.of("IPPROTO_IP", "IPPROTO_TCP", "IPPROTO_UDP", "IPPROTO_IPV6", "EPOLLIN", "EPOLLOUT");

  @TempDir Path temp;

  @Test
  void everyFactOfTheBindingsIsWhatTheSystemHeadersSay() throws Exception {
    Path compiler = compiler();
    requireOwnProcessor(compiler);
    var bindings = AbiTableTest.Os.LINUX.bindings();
    String packed = isX64() ? "epoll_event_packed" : "epoll_event_natural";
    var expected = new TreeMap<String, Long>();
    bindings.facts().forEach((key, value) -> expected.put(key, unsigned(value)));
    bindings
        .functions()
        .forEach((name, descriptor) -> expected.put(name + "()", returnSize(descriptor)));
    expected.keySet().removeIf(key -> notComparable(key, packed));

    Map<String, Long> printed = compileAndRun(compiler, program(expected, bindings, packed));

    assertThat(printed).hasSizeGreaterThan(expected.size() * 9 / 10);
    expected.keySet().retainAll(printed.keySet());
    assertThat(expected).containsExactlyInAnyOrderEntriesOf(printed);
  }

  private static boolean notComparable(String key, String packed) {
    return (key.startsWith("epoll_event_") && !key.startsWith(packed))
        || key.matches("sockaddr_storage__(OFF|LEN)_ss_(pad|align)") // private names
        || key.equals("in6_addr__ALIGN"); // see AbiTableTest
  }

  private static Path compiler() {
    var found =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .map(dir -> Path.of(dir, "gcc"))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty()) {
      skip("no gcc on the PATH to read the system's headers");
    }
    return found.orElseThrow();
  }

  /** An emulated processor is not the one that the machine's own compiler writes for. */
  private static void requireOwnProcessor(Path compiler) throws Exception {
    String machine = run(compiler.toString(), "-dumpmachine").strip();
    if (!machine.startsWith(isX64() ? "x86_64-" : architecture() + "-")) {
      skip("gcc writes programs for " + machine + ", this JVM is for " + architecture());
    }
  }

  private static void skip(String reason) {
    System.out.println("SystemHeadersTest skipped: " + reason);
    abort(reason);
  }

  private static boolean isX64() {
    return architecture().equals("amd64");
  }

  private static String architecture() {
    return System.getProperty("os.arch");
  }

  private static String program(Map<String, Long> keys, GeneratedBindings bindings, String packed) {
    var program = new StringBuilder("#define _GNU_SOURCE\n");
    HEADERS.forEach(header -> program.append("#include <").append(header).append(">\n"));
    program.append("int main(void) {\n");
    keys.keySet().forEach(key -> program.append(statement(key, bindings, packed)));
    return program.append("  return 0;\n}\n").toString();
  }

  private static String statement(String key, GeneratedBindings bindings, String packed) {
    if (key.endsWith("()")) {
      String name = key.substring(0, key.length() - 2);
      int count = bindings.functions().get(name).argumentLayouts().size();
      // Not called, only typed: too few or too many arguments do not compile.
      String call = name + "(" + String.join(", ", Collections.nCopies(count, "0")) + ")";
      return print(key, "sizeof(" + call + ")");
    }
    String[] parts = key.split("__", 2);
    if (parts.length == 1) {
      String line = print(key, cast(bindings, key) + key);
      // What old headers or other C libraries lack is left out, not failed.
      return ALWAYS_THERE.contains(key) ? line : "#ifdef " + key + "\n" + line + "#endif\n";
    }
    String struct = "struct " + (parts[0].equals(packed) ? "epoll_event" : parts[0]);
    String field = parts[1].replaceFirst("^(OFF|LEN)_", "");
    return switch (parts[1].substring(0, 3)) {
      case "SIZ" -> print(key, "sizeof(" + struct + ")");
      case "ALI" -> print(key, "_Alignof(" + struct + ")");
      case "OFF" -> print(key, "__builtin_offsetof(" + struct + ", " + field + ")");
      default -> print(key, "sizeof(((" + struct + " *) 0)->" + field + ")");
    };
  }

  private static String cast(GeneratedBindings bindings, String key) {
    return bindings.constants().get(key) instanceof Integer ? "(unsigned) " : "";
  }

  private static String print(String key, String expression) {
    return "  printf(\"" + key + "=%lld\\n\", (long long) (" + expression + "));\n";
  }

  private static long returnSize(FunctionDescriptor descriptor) {
    return descriptor.returnLayout().orElseThrow().byteSize();
  }

  private static long unsigned(Object value) {
    return value instanceof Integer i ? Integer.toUnsignedLong(i) : (Long) value;
  }

  private Map<String, Long> compileAndRun(Path compiler, String program)
      throws IOException, InterruptedException {
    Path source = Files.writeString(temp.resolve("headers.c"), program);
    Path binary = temp.resolve("headers");
    // GCC 14 makes an int in a pointer's place an error; the literal 0 is a null pointer, so fine.
    run(compiler.toString(), "-std=gnu11", "-w", "-o", binary.toString(), source.toString());
    var values = new TreeMap<String, Long>();
    run(binary.toString())
        .lines()
        .map(line -> line.split("=", 2))
        .forEach(pair -> values.put(pair[0], Long.valueOf(pair[1])));
    return values;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s%n%s", String.join(" ", command), printed).isZero();
    return printed;
  }
}
