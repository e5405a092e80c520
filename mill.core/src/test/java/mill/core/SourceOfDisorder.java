package mill.core;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import java.lang.ref.ReferenceQueue;
import java.time.InstantSource;
import java.util.Collections;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.BaseStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Calls of the JDK by which two runs of one program differ, or which a simulation cannot order:
 * what each kind is, and where it is found.
 */
enum SourceOfDisorder {
  CLOCK {
    @Override
    boolean is(Call call) {
      return call.of(System.class, "nanoTime", "currentTimeMillis")
          || call.ofPackage("java.time", "now")
          || call.of(InstantSource.class)
          || call.of(Date.class);
    }
  },
  MACHINE {
    @Override
    boolean is(Call call) {
      return call.of(Runtime.class, "availableProcessors");
    }
  },
  THREAD {
    @Override
    boolean is(Call call) {
      return call.of(Thread.class, "<init>", "ofPlatform", "ofVirtual", "startVirtualThread")
          || call.of(Thread.Builder.class)
          || call.ofOneOf(THREAD_MAKERS)
          || call.of(CompletionStage.class, JDK_THREADS)
          || isAsyncWithoutExecutor(call)
          || call.name().equals("parallelStream")
          || call.of(BaseStream.class, "parallel");
    }

    private boolean isAsyncWithoutExecutor(Call call) {
      return call.of(CompletionStage.class)
          && call.name().endsWith("Async")
          && call.target().getRawParameterTypes().stream()
              .noneMatch(type -> type.isAssignableTo(Executor.class));
    }
  },
  WAIT {
    @Override
    boolean is(Call call) {
      return isOfMonitor(call)
          || call.of(Thread.class, "join", "sleep", "yield", "onSpinWait")
          || call.of(TimeUnit.class, "timedWait", "timedJoin", "sleep")
          || call.of(Future.class, "get", "join")
          || call.of(ReferenceQueue.class, "remove")
          || call.of(BlockingQueue.class)
          || call.ofOneOf(WAITERS)
          || call.owner().getPackageName().equals("java.util.concurrent.locks");
    }

    private boolean isOfMonitor(Call call) {
      boolean bare = call.target().getRawParameterTypes().isEmpty();
      return switch (call.name()) {
        case "notify", "notifyAll" -> bare;
        case "wait" -> bare || call.target().getRawParameterTypes().getFirst().isPrimitive();
        default -> false;
      };
    }
  },
  CHANCE {
    @Override
    boolean is(Call call) {
      return call.of(RandomGenerator.class)
          || call.of(UUID.class)
          || call.ofPackage("java.lang", "random", "identityHashCode", "threadId")
          || call.of(Collections.class, "shuffle")
          || isHashOfAnything(call);
    }

    private boolean isHashOfAnything(Call call) {
      return call.name().equals("hashCode") && call.owner().isEquivalentTo(Object.class);
    }
  },
  HASH_ORDER {
    @Override
    boolean is(Call call) {
      return isHashedMaker(call)
          || call.of(Map.class, "of", "ofEntries", "copyOf")
          || call.of(Set.class, "of", "copyOf")
          || call.of(Collectors.class, HASHED_COLLECTORS);
    }

    private boolean isHashedMaker(Call call) {
      return call.ofOneOf(HASHED)
          && Set.of("<init>", "newHashMap", "newHashSet", "newKeySet").contains(call.name());
    }
  };

  private static final Set<String> THREAD_MAKERS =
      Set.of(
          "java.util.concurrent.Executors",
          "java.util.concurrent.ForkJoinPool",
          "java.util.concurrent.ThreadPoolExecutor",
          "java.util.concurrent.ScheduledThreadPoolExecutor",
          "java.util.Timer",
          "java.lang.ref.Cleaner");
  private static final String[] JDK_THREADS = {
    "orTimeout", "completeOnTimeout", "delayedExecutor", "defaultExecutor"
  };
  private static final Set<String> WAITERS =
      Set.of(
          "java.util.concurrent.CountDownLatch",
          "java.util.concurrent.CyclicBarrier",
          "java.util.concurrent.Exchanger",
          "java.util.concurrent.Phaser",
          "java.util.concurrent.Semaphore",
          "java.util.concurrent.ExecutorService");
  private static final Set<String> HASHED =
      Set.of(
          "java.util.HashMap",
          "java.util.HashSet",
          "java.util.Hashtable",
          "java.util.IdentityHashMap",
          "java.util.WeakHashMap",
          "java.util.concurrent.ConcurrentHashMap");
  private static final String[] HASHED_COLLECTORS = {
    "toSet",
    "toMap",
    "toUnmodifiableSet",
    "toUnmodifiableMap",
    "toConcurrentMap",
    "groupingBy",
    "groupingByConcurrent",
    "partitioningBy"
  };

  /** A call, or a method reference. */
  record Call(CodeUnitAccessTarget target) {
    JavaClass owner() {
      return target.getOwner();
    }

    String name() {
      return target.getName();
    }

    /** Whether it is one of these methods of a type or its subtypes; of all, if none is named. */
    boolean of(Class<?> type, String... names) {
      return isOneOf(names) && owner().isAssignableTo(type);
    }

    boolean ofPackage(String name, String... names) {
      return isOneOf(names) && owner().getPackageName().equals(name);
    }

    boolean ofOneOf(Set<String> types) {
      return types.contains(owner().getName());
    }

    private boolean isOneOf(String... names) {
      return names.length == 0 || Set.of(names).contains(name());
    }

    @Override
    public String toString() {
      return owner().getSimpleName() + "." + name();
    }
  }

  /** Whether a call is of this kind. */
  abstract boolean is(Call call);

  /**
   * Where classes call what is of this kind: {@code where: what}, with the top-level class and the
   * other's class and method.
   */
  Set<String> foundIn(Iterable<JavaClass> classes) {
    var found = new TreeSet<String>();
    for (JavaClass from : classes) {
      Stream<CodeUnitAccessTarget> calls =
          from.getCodeUnitCallsFromSelf().stream().map(call -> call.getTarget());
      Stream<CodeUnitAccessTarget> references =
          from.getCodeUnitReferencesFromSelf().stream().map(reference -> reference.getTarget());
      Stream.concat(calls, references)
          .map(Call::new)
          .filter(this::is)
          .forEach(call -> found.add(LayersTest.topLevel(from) + ": " + call));
    }
    return found;
  }
}
