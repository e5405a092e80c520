package mill.natives.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import mill.natives.abi.AbiTableTest.Os;
import mill.natives.ffm.NativeFunction;
import mill.natives.platform.Platform;
import org.junit.jupiter.api.Test;

/**
 * What is called through the one handle of {@link NativeFunction} must be made for it: a wrong one
 * may work on the system at hand and on no other. The names are looked for in the compiled code.
 */
class NativeFunctionShapeTest {
  private static final String OWNER = NativeFunction.class.getName().replace('.', '/');
  private static final int MAX_ARGUMENTS = 6;

  @Test
  void everyNativeFunctionTakesWholeNumbersAndAddressesInRegisters() throws Exception {
    Set<String> names = names();
    assertThat(names).contains("close", "epoll_ctl", "accept4", "kevent", "setsockopt");
    for (String name : names) {
      int declared = 0;
      for (Os os : List.of(Os.LINUX, Os.MACOS, Os.FREEBSD)) {
        FunctionDescriptor descriptor = os.bindings().functions().get(name);
        if (descriptor != null) {
          declared++;
          assertThat(descriptor.argumentLayouts())
              .as("%s of %s", name, os)
              .hasSizeLessThanOrEqualTo(MAX_ARGUMENTS)
              .allMatch(NativeFunctionShapeTest::isWholeNumberOrAddress);
          assertThat(descriptor.returnLayout()).get().matches(NativeFunctionShapeTest::isWhole);
        }
      }
      assertThat(declared).as("%s is in the bindings, and not variadic", name).isPositive();
    }
  }

  private static boolean isWholeNumberOrAddress(MemoryLayout layout) {
    return isWhole(layout) || layout instanceof AddressLayout;
  }

  private static boolean isWhole(MemoryLayout layout) {
    return layout instanceof ValueLayout.OfInt || layout instanceof ValueLayout.OfLong;
  }

  /** What {@link NativeFunction#of}, or a method that calls it, is given. */
  private static Set<String> names() throws IOException, URISyntaxException {
    var names = new TreeSet<String>();
    Path root =
        Path.of(Platform.class.getResource("Platform.class").toURI()).getParent().getParent();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        ClassModel type = ClassFile.of().parse(file);
        for (MethodModel method : type.methods()) {
          collect(method.code().map(body -> body.elementList()).orElse(List.of()), names);
        }
      }
    }
    return names;
  }

  private static void collect(List<CodeElement> code, Set<String> names) {
    String last = null;
    for (CodeElement element : code) {
      if (element instanceof ConstantInstruction constant) {
        last = constant.constantValue() instanceof String text ? text : null;
      } else if (element instanceof InvokeInstruction call) {
        if (makesOne(call) && last != null) {
          names.add(last);
        }
        last = null; // it was for this call
      }
    }
  }

  private static boolean makesOne(InvokeInstruction call) {
    return call.type().stringValue().equals("(Ljava/lang/String;)L" + OWNER + ";");
  }
}
