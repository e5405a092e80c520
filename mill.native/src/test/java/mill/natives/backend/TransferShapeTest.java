package mill.natives.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.util.List;
import mill.natives.platform.Sockets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A transfer makes its call in two places, with the buffer and with a slice of it, or with an
 * offset instead. With a choice of two segments before one place the compiler keeps the slice, 40
 * bytes a call.
 *
 * <p>What that costs is measured where the backend runs; its shape is looked for in the compiled
 * code of all of them, which the backend of Windows has as well on any other system.
 */
class TransferShapeTest {
  private static final List<String> TRANSFERS =
      List.of("receive", "send", "receiveFrom", "sendTo", "read", "write");

  @ParameterizedTest
  @CsvSource({"linux.LinuxSockets, 6", "bsd.BsdSockets, 6", "windows.WindowsSockets, 4"})
  void aTransferMakesItsCallInTwoPlaces(String type, int callers) throws IOException {
    int found = 0;
    for (MethodModel method : parse(type).methods()) {
      String name = method.methodName().stringValue();
      List<CodeElement> code = method.code().map(body -> body.elementList()).orElse(List.of());
      if (!TRANSFERS.contains(name) || code.stream().noneMatch(TransferShapeTest::isTransfer)) {
        continue; // made of another transfer
      }
      found++;
      assertThat(code.stream().filter(TransferShapeTest::isTransfer)).as(name).hasSize(2);
      int slices = code.stream().anyMatch(TransferShapeTest::takesAnOffset) ? 0 : 1;
      assertThat(code.stream().filter(TransferShapeTest::isSlice)).as(name).hasSize(slices);
      assertThat(slicesThatReachACallAlone(code)).as(name).isEqualTo(slices);
    }
    assertThat(found).isEqualTo(callers);
  }

  /** How many slices are made for the call behind them: nothing joins in between. */
  private static int slicesThatReachACallAlone(List<CodeElement> code) {
    int alone = 0;
    boolean sliced = false;
    for (CodeElement element : code) {
      alone += sliced && isTransfer(element) ? 1 : 0;
      sliced =
          isSlice(element) || (sliced && !isTransfer(element) && !(element instanceof LabelTarget));
    }
    return alone;
  }

  private static boolean isSlice(CodeElement element) {
    return element instanceof InvokeInstruction call && call.name().equalsString("asSlice");
  }

  private static boolean isTransfer(CodeElement element) {
    return element instanceof InvokeInstruction call
        && call.owner().asInternalName().endsWith("/TransferCalls");
  }

  private static boolean takesAnOffset(CodeElement element) {
    return isTransfer(element)
        && element instanceof InvokeInstruction call
        && call.name().stringValue().endsWith("At");
  }

  private static ClassModel parse(String type) throws IOException {
    String file = "/mill/natives/" + type.replace('.', '/') + ".class";
    try (InputStream in = Sockets.class.getResourceAsStream(file)) {
      return ClassFile.of().parse(in.readAllBytes());
    }
  }
}
