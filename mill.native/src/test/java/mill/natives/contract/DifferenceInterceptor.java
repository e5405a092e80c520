package mill.natives.contract;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * Turns a failure that was declared into a skip with its reason, and a stale one into a failure.
 */
final class DifferenceInterceptor implements InvocationInterceptor {
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
      invocation.proceed();
      return;
    }
    String reason = "declared difference of " + kind + ": " + declared.get().reason();
    try {
      invocation.proceed();
    } catch (TestAbortedException e) {
      throw e;
    } catch (Throwable expected) {
      throw new TestAbortedException(reason, expected);
    }
    throw new AssertionFailedError("it passes, so this declaration is stale: " + declared.get());
  }
}
