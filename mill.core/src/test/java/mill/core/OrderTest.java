package mill.core;

import static java.util.Objects.requireNonNull;
import static mill.core.SourceOfDisorder.CHANCE;
import static mill.core.SourceOfDisorder.CLOCK;
import static mill.core.SourceOfDisorder.HASH_ORDER;
import static mill.core.SourceOfDisorder.MACHINE;
import static mill.core.SourceOfDisorder.THREAD;
import static mill.core.SourceOfDisorder.WAIT;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Promise 14: the same seed gives the same trace. Nothing of mill reads a clock, makes a thread,
 * waits, draws lots or iterates by hash past the platform, but at the places that are named here.
 */
class OrderTest {
  /** Where something is called all the same, and why that may be. */
  private record Place(SourceOfDisorder kind, String where, String reason, List<String> calls) {
    static Place of(SourceOfDisorder kind, String where, String reason, String... calls) {
      return new Place(kind, where, reason, List.of(calls));
    }

    Stream<String> texts() {
      return calls.stream().map(call -> where + ": " + call);
    }
  }

  /** What the default platform hands out: the way past the platform is made of it. */
  private static final String SYSTEM_THREADS = "mill.natives.platform.SystemThreads";

  private static final String DEFAULT = "the default, which a platform replaces";
  private static final String BELOW = "below the seam: a backend of Windows";
  private static final String LOOKED_UP = "only looked up, never iterated";
  private static final String TABLE = "a table of numbers, only looked up";
  private static final String SHORT_SPIN =
      "waits for a few instructions of another thread, which holds no point of handing over";

  private static final String RESOLVER =
      "asks the JDK, whose lookups block: a simulation has a resolver of its own, or literals";

  private static final List<Place> PLACES =
      List.of(
          Place.of(
              THREAD,
              "mill.core.net.SystemResolver",
              RESOLVER,
              "ThreadPoolExecutor.<init>",
              "ThreadPoolExecutor.allowCoreThreadTimeOut",
              "ThreadPoolExecutor.execute",
              "ThreadPoolExecutor.remove",
              "ThreadPoolExecutor.shutdown"),
          Place.of(WAIT, "mill.core.net.SystemResolver", RESOLVER, "ArrayBlockingQueue.<init>"),
          Place.of(
              THREAD,
              "mill.core.net.Tls",
              "the default for the work of an engine, whose keys are chance anyway",
              "Thread.startVirtualThread"),
          Place.of(
              WAIT, "mill.core.net.Dialer", "of a future that is done", "CompletableFuture.join"),
          Place.of(HASH_ORDER, "mill.core.net.PoolPart", LOOKED_UP, "HashMap.<init>"),
          Place.of(HASH_ORDER, "mill.core.net.ServerPlaces", LOOKED_UP, "ConcurrentHashMap.<init>"),
          Place.of(HASH_ORDER, "mill.core.net.ServerShutdown", LOOKED_UP, "IdentityHashMap.<init>"),
          Place.of(CLOCK, "mill.natives.CurrentPlatform", DEFAULT, "System.nanoTime"),
          Place.of(CLOCK, "mill.natives.platform.Platform", DEFAULT, "System.nanoTime"),
          Place.of(CLOCK, "mill.natives.windows.IocpPoller", BELOW, "System.nanoTime"),
          Place.of(
              THREAD,
              "mill.core.Offloads",
              "completeAsync without an executor asks for the JDK's",
              "Offload.defaultExecutor"),
          Place.of(WAIT, "mill.core.RateLimiter", SHORT_SPIN, "Thread.onSpinWait", "Thread.yield"),
          Place.of(WAIT, "mill.core.compute.Crossing", SHORT_SPIN, "Thread.onSpinWait"),
          Place.of(WAIT, "mill.core.internal.TaskQueue", SHORT_SPIN, "Thread.onSpinWait"),
          Place.of(
              WAIT,
              "mill.core.internal.PlatformFuture",
              "its holder waits, and has waited as his platform does by then",
              "CompletableFuture.get",
              "CompletableFuture.join"),
          Place.of(
              WAIT,
              "mill.core.internal.OwnThreadFuture",
              "its holder waits, as his platform does",
              "PlatformFuture.get",
              "PlatformFuture.join"),
          Place.of(WAIT, "mill.natives.windows.LoopbackPair", BELOW, "LockSupport.parkNanos"),
          Place.of(
              CHANCE,
              "mill.core.group.EventLoopGroup",
              "loopFor: the hash is that of the user's key",
              "Object.hashCode"),
          Place.of(
              CHANCE,
              "mill.natives.net.AddressCache",
              "what a cache finds equals what is made without",
              "Thread.threadId"),
          Place.of(
              CHANCE,
              "mill.natives.ffm.CallMemory",
              "below the seam: whose memory it is",
              "Thread.threadId"),
          Place.of(HASH_ORDER, "mill.core.GracefulShutdown", LOOKED_UP, "IdentityHashMap.<init>"),
          Place.of(HASH_ORDER, "mill.core.HandlerErrors", LOOKED_UP, "Set.of"),
          Place.of(HASH_ORDER, "mill.core.Acceptor", LOOKED_UP, "Set.of"),
          Place.of(HASH_ORDER, "mill.natives.Poller", LOOKED_UP, "Set.of"),
          Place.of(
              HASH_ORDER, "mill.natives.backend.SystemPlatform", LOOKED_UP, "Map.of", "Set.of"),
          Place.of(
              HASH_ORDER, "mill.natives.memory.IdleObjects", LOOKED_UP, "IdentityHashMap.<init>"),
          Place.of(HASH_ORDER, "mill.natives.memory.LeakTracker", LOOKED_UP, "Set.of"),
          Place.of(HASH_ORDER, "mill.natives.net.AbstractListener", LOOKED_UP, "Set.of"),
          Place.of(HASH_ORDER, "mill.natives.net.AbstractSocket", LOOKED_UP, "Set.of"),
          Place.of(
              HASH_ORDER,
              "mill.natives.platform.Errnos",
              "looked up; of two names for a number the first by the alphabet is kept",
              "HashMap.<init>",
              "Map.copyOf"),
          Place.of(HASH_ORDER, "mill.natives.bsd.BsdErrnos", TABLE, "HashMap.<init>", "Map.of"),
          Place.of(
              HASH_ORDER,
              "mill.natives.bsd.BsdOptions",
              TABLE,
              "HashMap.<init>",
              "Map.copyOf",
              "Map.of",
              "Map.ofEntries"),
          Place.of(HASH_ORDER, "mill.natives.linux.LinuxErrnos", TABLE, "Map.ofEntries"),
          Place.of(HASH_ORDER, "mill.natives.linux.LinuxOptions", TABLE, "Map.ofEntries"),
          Place.of(HASH_ORDER, "mill.natives.linux.NonSockets", LOOKED_UP, "HashMap.<init>"),
          Place.of(HASH_ORDER, "mill.natives.windows.WindowsErrnos", TABLE, "Map.ofEntries"),
          Place.of(HASH_ORDER, "mill.natives.windows.WindowsOptions", TABLE, "Map.ofEntries"));

  @ParameterizedTest
  @EnumSource(SourceOfDisorder.class)
  void nothingGoesPastThePlatformButAtNamedPlaces(SourceOfDisorder kind) {
    Iterable<JavaClass> classes =
        LayersTest.CLASSES.stream().filter(type -> !type.getName().equals(SYSTEM_THREADS)).toList();
    Set<String> named =
        PLACES.stream()
            .filter(place -> place.kind == kind)
            .flatMap(Place::texts)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(kind.foundIn(classes))
        .as("go through Platform.threads() or nanoTime(), keep an order, or name place and reason")
        .isEqualTo(named);
  }

  @Test
  void theDefaultThreadsAreTheJdks() {
    List<JavaClass> classes = List.of(LayersTest.CLASSES.get(SYSTEM_THREADS));
    for (SourceOfDisorder kind : List.of(MACHINE, THREAD, WAIT)) {
      assertThat(kind.foundIn(classes)).as("%s", kind).isNotEmpty();
    }
  }

  /** Or else the others would hold of anything. */
  @ParameterizedTest
  @EnumSource(SourceOfDisorder.class)
  void eachKindIsFoundInCallsAndInMethodReferences(SourceOfDisorder kind) {
    String where = OrderTest.class.getName() + ": ";
    JavaClasses classes = LayersTest.importer().importClasses(Planted.class);
    assertThat(kind.foundIn(classes))
        .isEqualTo(planted(kind).map(where::concat).collect(Collectors.toCollection(TreeSet::new)));
  }

  private static Stream<String> planted(SourceOfDisorder kind) {
    return switch (kind) {
      case CLOCK -> Stream.of("System.nanoTime", "System.currentTimeMillis", "Instant.now");
      case MACHINE -> Stream.of("Runtime.availableProcessors");
      case THREAD ->
          Stream.of(
              "Thread.<init>",
              "Thread.startVirtualThread",
              "Executors.newCachedThreadPool",
              "CompletableFuture.orTimeout",
              "CompletableFuture.delayedExecutor",
              "CompletableFuture.runAsync",
              "List.parallelStream");
      case WAIT ->
          Stream.of(
              "LockSupport.park",
              "Object.wait",
              "Object.notify",
              "Object.notifyAll",
              "Thread.join",
              "Thread.sleep",
              "TimeUnit.sleep",
              "CompletableFuture.join",
              "Future.get",
              "CountDownLatch.<init>",
              "CountDownLatch.await",
              "ReentrantLock.<init>",
              "ReentrantLock.lock");
      case CHANCE ->
          Stream.of(
              "Random.<init>",
              "ThreadLocalRandom.current",
              "UUID.randomUUID",
              "Math.random",
              "System.identityHashCode",
              "Object.hashCode");
      case HASH_ORDER ->
          Stream.of(
              "HashMap.<init>",
              "HashSet.<init>",
              "IdentityHashMap.<init>",
              "ConcurrentHashMap.<init>",
              "ConcurrentHashMap.newKeySet",
              "Map.of",
              "Set.of",
              "Collectors.toSet");
    };
  }

  /** Is read, and never run. */
  @SuppressWarnings("all")
  private static final class Planted {
    LongSupplier clock = System::nanoTime;
    Supplier<Map<Object, Object>> map = HashMap::new;
    Supplier<Set<Object>> set = ConcurrentHashMap::newKeySet;
    Function<CompletableFuture<Object>, Object> join = CompletableFuture::join;
    Function<Object, Integer> hash = Object::hashCode;
    Supplier<UUID> id = UUID::randomUUID;
    Function<Runnable, Thread> maker = Thread::new;

    void clocks() {
      System.currentTimeMillis();
      Instant.now();
      Runtime.getRuntime().availableProcessors();
    }

    void threads(CompletableFuture<Object> future) {
      Thread.startVirtualThread(() -> {});
      Executors.newCachedThreadPool();
      future.orTimeout(1, TimeUnit.SECONDS);
      CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
      CompletableFuture.runAsync(() -> {});
      CompletableFuture.runAsync(() -> {}, requireNonNull(Runnable::run));
      List.of().parallelStream();
    }

    void waits(Object lock, Thread thread, Future<Object> future) throws Exception {
      LockSupport.park();
      lock.wait(1);
      lock.notify();
      Runnable inLambda = () -> lock.notifyAll();
      thread.join();
      Thread.sleep(1);
      TimeUnit.SECONDS.sleep(1);
      future.get();
      new CountDownLatch(1).await();
      new ReentrantLock().lock();
    }

    void chance() {
      new Random();
      ThreadLocalRandom.current();
      Math.random();
      System.identityHashCode(this);
    }

    void hashes() {
      new HashSet<>();
      new IdentityHashMap<>();
      new ConcurrentHashMap<>();
      Map.of();
      Set.of();
      Stream.of().collect(Collectors.toSet());
    }
  }
}
