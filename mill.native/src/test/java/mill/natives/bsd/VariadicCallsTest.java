package mill.natives.bsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import mill.natives.ffm.NativeCalls;
import mill.natives.platform.Platform;
import org.junit.jupiter.api.Test;

/**
 * {@code fcntl}, {@code ioctl} and {@code open} are variadic: Apple's arm64 passes their last
 * argument on the stack. A wrong binding works everywhere else, so it is looked for in the compiled
 * code instead of being called.
 */
class VariadicCallsTest {
  private static final Set<String> VARIADIC = Set.of("fcntl", "ioctl", "open");
  private static final String NATIVE_CALLS = NativeCalls.class.getName().replace('.', '/');

  @Test
  void everyVariadicFunctionIsLinkedAsOne() throws IOException {
    var linked = new TreeMap<String, Integer>();
    for (ClassModel type : classes()) {
      for (MethodModel method : type.methods()) {
        List<CodeElement> code = method.code().map(body -> body.elementList()).orElse(List.of());
        if (bindsVariadic(code)) {
          String where = type.thisClass().asInternalName();
          assertTrue(!invokes(code, "link"), () -> where + " links it as if it were not");
          assertTrue(invokes(code, "linkVariadic"), () -> where + " does not say it is");
          linked.put(where, constantBefore(code, "linkVariadic"));
        }
      }
    }
    assertEquals(Set.of("mill/natives/posix/NativePosixCalls$Fcntl"), linked.keySet());
    linked.forEach((where, fixed) -> assertEquals(2, fixed, where));
  }

  @Test
  void linkVariadicTellsTheLinker() throws IOException {
    for (ClassModel type : classes()) {
      if (type.thisClass().asInternalName().equals(NATIVE_CALLS)) {
        var method =
            type.methods().stream()
                .filter(candidate -> candidate.methodName().equalsString("linkVariadic"))
                .findFirst()
                .orElseThrow();
        assertTrue(invokes(method.code().orElseThrow().elementList(), "firstVariadicArg"));
        return;
      }
    }
    throw new AssertionError("no " + NATIVE_CALLS);
  }

  /** By its name, or by the generated class of that name. */
  private static boolean bindsVariadic(List<CodeElement> code) {
    return code.stream()
        .anyMatch(element ->
            switch (element) {
              case ConstantInstruction constant -> VARIADIC.contains(constant.constantValue());
              case InvokeInstruction call ->
                  VARIADIC.contains(call.owner().asInternalName().replaceAll(".*\\$", ""))
                      && call.name().equalsString("address");
              default -> false;
            });
  }

  private static boolean invokes(List<CodeElement> code, String name) {
    return code.stream()
        .anyMatch(
            element -> element instanceof InvokeInstruction call && call.name().equalsString(name));
  }

  private static int constantBefore(List<CodeElement> code, String name) {
    int last = -1;
    for (CodeElement element : code) {
      if (element instanceof ConstantInstruction constant
          && constant.constantValue() instanceof Integer number) {
        last = number;
      }
      if (element instanceof InvokeInstruction call && call.name().equalsString(name)) {
        return last;
      }
    }
    return -1;
  }

  /** All compiled classes of mill.natives, the generated ones aside. */
  private static List<ClassModel> classes() throws IOException {
    Path root = root();
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".class"))
          .filter(file -> !root.relativize(file).startsWith("gen"))
          .map(VariadicCallsTest::parse)
          .toList();
    }
  }

  private static ClassModel parse(Path file) {
    try {
      return ClassFile.of().parse(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // Found through a class of the main code; a test's own package has a folder of its own.
  private static Path root() throws IOException {
    try {
      URI uri = Platform.class.getResource("Platform.class").toURI();
      return Path.of(uri).getParent().getParent();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }
}
