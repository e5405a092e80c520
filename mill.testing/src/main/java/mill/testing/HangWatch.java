package mill.testing;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.PreInterruptCallback;
import org.junit.jupiter.api.extension.PreInterruptContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Shows who waits for whom when a test has run out of time, and ends the suite early when several
 * tests have: one fault of a waker lets a hundred tests hang, and three of them tell as much.
 *
 * <p>JUnit finds it by itself, see {@code META-INF/services}.
 */
public final class HangWatch
    implements PreInterruptCallback, BeforeEachCallback, TestWatcher, ExecutionCondition {
  /** After so many tests that hang the others are not run. */
  static final int MAX_HANGS = 3;

  /** A test that fails after so long has waited for something in its own way. */
  private static final long LONG_NS = TimeUnit.SECONDS.toNanos(Await.TEST_TIMEOUT_S) / 4;

  private static final Namespace STARTS = Namespace.create(HangWatch.class);

  private final AtomicInteger hangs = new AtomicInteger();

  /** Prints the stacks of all threads, between two lines that a script finds. */
  static void show(String what) {
    System.out.println("== hang: " + what + "\n" + ThreadDump.ofAll() + "== end of hang");
  }

  @Override
  public void beforeThreadInterrupt(PreInterruptContext interrupt, ExtensionContext context) {
    show(context.getUniqueId() + " has run out of time");
    if (context.getTestMethod().isEmpty()) {
      hangs.incrementAndGet(); // @BeforeAll, @AfterAll: testFailed is not called for a class
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    context.getStore(STARTS).put(context.getUniqueId(), System.nanoTime());
  }

  @Override
  public void testFailed(ExtensionContext context, Throwable cause) {
    Long startNs = context.getStore(STARTS).get(context.getUniqueId(), Long.class);
    boolean late = startNs != null && System.nanoTime() - startNs >= LONG_NS;
    if (late || isHang(cause)) {
      hangs.incrementAndGet();
    }
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return hangs.get() < MAX_HANGS
        ? ConditionEvaluationResult.enabled("few tests hang")
        : ConditionEvaluationResult.disabled(
            MAX_HANGS + " tests have hung, what follows is not run");
  }

  private static boolean isHang(Throwable thrown) {
    boolean hang = thrown instanceof HangError || thrown instanceof TimeoutException;
    if (!hang && thrown.getCause() != null) {
      hang = isHang(thrown.getCause());
    }
    for (Throwable suppressed : thrown.getSuppressed()) {
      hang |= isHang(suppressed);
    }
    return hang;
  }
}
