package mill.natives.contract;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * Runs each test on its platform, and turns a failure that was declared into a skip with its
 * reason, and a stale one into a failure.
 */
final class ContractInterceptor implements InvocationInterceptor {
  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    var contract = (PlatformContract) context.getRequiredTestInstance();
    PlatformKind kind = contract.target.kind();
    var declared =
        DeclaredDifference.find(
            kind, contract.getClass().getSimpleName(), method.getExecutable().getName());
    if (declared.isEmpty()) {
      run(contract, invocation);
      return;
    }
    String reason = "declared difference of " + kind + ": " + declared.get().reason();
    try {
      run(contract, invocation);
    } catch (TestAbortedException e) {
      throw e;
    } catch (Throwable expected) {
      throw new TestAbortedException(reason, expected);
    }
    throw new AssertionFailedError("it passes, so this declaration is stale: " + declared.get());
  }

  private static void run(PlatformContract contract, Invocation<Void> invocation) throws Throwable {
    contract.target.runner().run(platform -> contract.run(platform, invocation::proceed));
  }
}
