package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.net.PipePair;
import mill.testing.Await;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real signals to the thread that waits, which ends {@code epoll_wait(2)} with EINTR. */
class InterruptedWaitTest {
  // Ignored by default, and neither the virtual machine nor the build waits for it.
  private static final String SIGNAL = "WINCH";
  private static final int SIGNAL_NUMBER = 28;

  @BeforeAll
  static void onlyWhereSignalsArrive() throws Exception {
    String system = System.getProperty("os.name");
    assumeTrue(system.equals("Linux"), "signals are numbered for Linux, and this is " + system);
    // A signal that nobody handles interrupts nothing. By reflection: mill.natives does not read
    // jdk.unsupported.
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    InvocationHandler nothing = (proxy, method, arguments) -> null;
    Class<?> signal = Class.forName("sun.misc.Signal");
    signal
        .getMethod("handle", signal, handler)
        .invoke(
            null,
            signal.getConstructor(String.class).newInstance(SIGNAL),
            Proxy.newProxyInstance(
                ClassLoader.getSystemClassLoader(), new Class<?>[] {handler}, nothing));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void signalDuringEitherWaitIsAnEmptyPoll(boolean nanosecondWait) throws Exception {
    var poller =
        new EpollPoller(new LinuxSockets(new LinuxCalls()), LinuxErrnos.TABLE, nanosecondWait);
    try (PipePair pipe = PipePair.open()) {
      poller.add(pipe.source().fd(), 1, Interest.READABLE, Trigger.LEVEL);
      for (long timeoutNs : new long[] {-1, 4 * Await.PATIENCE_NS}) {
        signalEnds(poller, timeoutNs);
      }
    } finally {
      poller.close();
    }
  }

  private static void signalEnds(EpollPoller poller, long timeoutNs) throws Exception {
    var events = new ReadyEvents(4);
    var self = new CompletableFuture<Long>();
    var result = new CompletableFuture<Integer>();
    var over = new CountDownLatch(1);
    FutureTask<Void> waiting =
        Await.inBackground(
            "interrupted",
            () -> {
              self.complete(currentThread());
              result.complete(poller.poll(events, timeoutNs));
              over.await(); // a thread that has ended must not be signalled
              return null;
            });
    long thread = Await.outcome(self);
    try {
      // What comes before the wait is without effect, so again until one has ended it.
      Await.eventually(
          "a signal ends the wait",
          () -> {
            kill(thread);
            return result.isDone();
          });
    } finally {
      over.countDown();
    }
    Await.outcome(waiting);
    assertThat(result.join()).as("EINTR is no error").isZero();
    assertThat(events.size()).isZero();
    assertThat(events.woken()).isFalse();
  }

  // pthread_self(3) and pthread_kill(3), whose pthread_t is a long on Linux.

  private static long currentThread() throws Exception {
    return (long) call(link("pthread_self", FunctionDescriptor.of(ValueLayout.JAVA_LONG)));
  }

  private static void kill(long thread) throws Exception {
    var descriptor =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    assertThat((int) call(link("pthread_kill", descriptor), thread, SIGNAL_NUMBER)).isZero();
  }

  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }

  private static Object call(MethodHandle handle, Object... arguments) throws Exception {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
