package mill.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Suites that hang, run inside a test: they end soon, say where, and run little more. */
@ResourceLock(Resources.SYSTEM_OUT)
class HangWatchTest {
  private static boolean inside;

  /** A suite that runs inside a test alone, though somebody selects all classes. */
  abstract static class Suite {
    @BeforeAll
    static void onlyInside() {
      assumeTrue(inside, "this suite is for HangWatchTest alone");
    }
  }

  private record Run(TestExecutionSummary summary, String out) {}

  /** With the settings of the build, but a tenth of a second for each test. */
  private static Run run(Class<?>... suites) {
    var request = LauncherDiscoveryRequestBuilder.request();
    for (Class<?> suite : suites) {
      request.selectors(selectClass(suite));
    }
    request.configurationParameter("junit.jupiter.execution.timeout.default", "100 ms");
    var listener = new SummaryGeneratingListener();
    var out = new ByteArrayOutputStream();
    PrintStream before = System.out;
    inside = true;
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      LauncherFactory.create().execute(request.build(), listener);
    } finally {
      System.setOut(before);
      inside = false;
    }
    return new Run(listener.getSummary(), out.toString(StandardCharsets.UTF_8));
  }

  /** Waits as in a kernel: an interrupt does not end it. */
  private static void hang(CountDownLatch until) {
    while (until.getCount() > 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      Thread.interrupted();
    }
  }

  static class OneHangs extends Suite {
    static final CountDownLatch OVER = new CountDownLatch(1);

    @Test
    void hangsDeaf() {
      hang(OVER);
    }

    @Test
    void passes() {}
  }

  @Test
  void testThatIgnoresInterruptsIsLeftBehindAndItsStackShown() {
    Run run = run(OneHangs.class);
    OneHangs.OVER.countDown();
    assertThat(run.summary.getTestsFailedCount()).isEqualTo(1);
    assertThat(run.summary.getTestsSucceededCount()).isEqualTo(1);
    assertThat(run.out)
        .containsPattern("== hang: .*OneHangs.*hangsDeaf.* has run out of time")
        .containsPattern("at .*HangWatchTest\\.hang\\(")
        .doesNotContain("org.junit.platform")
        .contains("== end of hang");
  }

  static class HangsAtALock extends Suite {
    static final Object MINE = new Object();
    static final CountDownLatch OVER = new CountDownLatch(1);

    @Test
    void waitsForALock() throws Exception {
      var held = new CountDownLatch(1);
      Thread.ofPlatform()
          .daemon()
          .name("holder")
          .start(() -> {
            synchronized (MINE) {
              held.countDown();
              hang(OVER);
            }
          });
      held.await();
      synchronized (MINE) {
        throw new AssertionError("it was free");
      }
    }
  }

  @Test
  void whoHoldsTheLockIsNamed() {
    Run run = run(HangsAtALock.class);
    HangsAtALock.OVER.countDown();
    assertThat(run.out).containsPattern("BLOCKED on java.lang.Object@.* held by \"holder\"");
  }

  static class TearingDownHangs extends Suite {
    static final CountDownLatch OVER = new CountDownLatch(1);

    @AfterEach
    void close() {
      hang(OVER);
    }

    @Test
    void passes() {}
  }

  @Test
  void tearingDownIsBoundedToo() {
    Run run = run(TearingDownHangs.class);
    TearingDownHangs.OVER.countDown();
    assertThat(run.summary.getTestsFailedCount()).isEqualTo(1);
    assertThat(run.out).contains("TearingDownHangs").contains("has run out of time");
  }

  static class ManyHang extends Suite {
    static final CountDownLatch OVER = new CountDownLatch(1);

    @Test
    void first() {
      hang(OVER);
    }

    @Test
    void second() {
      throw Await.hung("a wait of its own", null);
    }

    @Test
    void third() {
      hang(OVER);
    }

    @Test
    void fourth() {
      hang(OVER);
    }

    @Test
    void fifth() {
      hang(OVER);
    }
  }

  static class ManyHangToo extends ManyHang {}

  @Test
  void afterThreeHangsTheRestIsNotRun() {
    Run run = run(ManyHang.class, ManyHangToo.class);
    ManyHang.OVER.countDown();
    assertThat(run.summary.getTestsFoundCount()).isEqualTo(10);
    assertThat(run.summary.getTestsStartedCount()).isEqualTo(HangWatch.MAX_HANGS);
    assertThat(run.summary.getTestsFailedCount()).isEqualTo(HangWatch.MAX_HANGS);
  }

  static class ManyFail extends Suite {
    @Test
    void first() {
      throw new AssertionError("wrong value");
    }

    @Test
    void second() {
      throw new AssertionError("wrong value");
    }

    @Test
    void third() {
      throw new AssertionError("wrong value");
    }

    @Test
    void fourth() {}
  }

  @Test
  void failuresThatDoNotHangSkipNothing() {
    Run run = run(ManyFail.class);
    assertThat(run.summary.getTestsFailedCount()).isEqualTo(3);
    assertThat(run.summary.getTestsSucceededCount()).isEqualTo(1);
    assertThat(run.out).doesNotContain("== hang");
  }
}
