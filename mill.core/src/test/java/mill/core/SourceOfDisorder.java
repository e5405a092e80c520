package mill.core;

import com.tngtech.archunit.core.domain.JavaClass;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.stream.BaseStream;
import java.util.stream.Stream;

/**
 * Calls of the JDK by which two runs of one program differ, or which a simulation cannot order:
 * what each kind is, and where it is found.
 */
enum SourceOfDisorder {
  CLOCK {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      return owner.isEquivalentTo(System.class)
              && Set.of("nanoTime", "currentTimeMillis").contains(name)
          || owner.getPackageName().equals("java.time") && name.equals("now")
          || owner.isAssignableTo(java.time.InstantSource.class)
          || owner.isEquivalentTo(java.util.Date.class);
    }
  },
  MACHINE {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      return owner.isEquivalentTo(Runtime.class) && name.equals("availableProcessors");
    }
  },
  THREAD {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      boolean stage = owner.isAssignableTo(CompletionStage.class);
      boolean namesExecutor =
          parameters.stream().anyMatch(type -> type.isAssignableTo(Executor.class));
      return owner.isAssignableTo(Thread.class) && MAKERS.contains(name)
          || owner.isAssignableTo(Thread.Builder.class)
          || POOLS.contains(owner.getName())
          || stage && name.endsWith("Async") && !namesExecutor
          || stage && JDK_THREADS.contains(name)
          || name.equals("parallelStream")
          || owner.isAssignableTo(BaseStream.class) && name.equals("parallel");
    }
  },
  WAIT {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      return owner.getPackageName().equals("java.util.concurrent.locks")
          || WAITERS.contains(owner.getName())
          || owner.isAssignableTo(BlockingQueue.class)
          || MONITOR.contains(name) && isOfObject(name, parameters)
          || owner.isAssignableTo(Thread.class) && THREAD_WAITS.contains(name)
          || owner.isEquivalentTo(java.util.concurrent.TimeUnit.class) && UNIT_WAITS.contains(name)
          || owner.isAssignableTo(Future.class) && FUTURE_WAITS.contains(name)
          || owner.isEquivalentTo(java.lang.ref.ReferenceQueue.class) && name.equals("remove");
    }
  },
  CHANCE {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      return owner.isAssignableTo(RandomGenerator.class)
          || owner.isEquivalentTo(java.util.UUID.class)
          || name.equals("random") && owner.getPackageName().equals("java.lang")
          || name.equals("shuffle") && owner.isEquivalentTo(java.util.Collections.class)
          || name.equals("identityHashCode")
          || name.equals("hashCode") && owner.isEquivalentTo(Object.class)
          || name.equals("threadId");
    }
  },
  HASH_ORDER {
    @Override
    boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters) {
      return HASHED.contains(owner.getName()) && HASHED_MAKERS.contains(name)
          || (owner.isEquivalentTo(Map.class) || owner.isEquivalentTo(Set.class))
              && IMMUTABLE_MAKERS.contains(name)
          || owner.isEquivalentTo(java.util.stream.Collectors.class)
              && HASHED_COLLECTORS.stream().anyMatch(name::startsWith);
    }
  };

  private static final String CONSTRUCTOR = "<init>";
  private static final Set<String> MAKERS =
      Set.of(CONSTRUCTOR, "ofPlatform", "ofVirtual", "startVirtualThread");
  private static final Set<String> POOLS =
      Set.of(
          "java.util.concurrent.Executors",
          "java.util.concurrent.ForkJoinPool",
          "java.util.concurrent.ThreadPoolExecutor",
          "java.util.concurrent.ScheduledThreadPoolExecutor",
          "java.util.Timer",
          "java.lang.ref.Cleaner");
  private static final Set<String> JDK_THREADS =
      Set.of("orTimeout", "completeOnTimeout", "delayedExecutor", "defaultExecutor");
  private static final Set<String> WAITERS =
      Set.of(
          "java.util.concurrent.CountDownLatch",
          "java.util.concurrent.CyclicBarrier",
          "java.util.concurrent.Exchanger",
          "java.util.concurrent.Phaser",
          "java.util.concurrent.Semaphore",
          "java.util.concurrent.ExecutorService");
  private static final Set<String> MONITOR = Set.of("wait", "notify", "notifyAll");
  private static final Set<String> THREAD_WAITS = Set.of("join", "sleep", "yield", "onSpinWait");
  private static final Set<String> UNIT_WAITS = Set.of("timedWait", "timedJoin", "sleep");
  private static final Set<String> FUTURE_WAITS = Set.of("get", "join");
  private static final Set<String> HASHED =
      Set.of(
          "java.util.HashMap",
          "java.util.HashSet",
          "java.util.Hashtable",
          "java.util.IdentityHashMap",
          "java.util.WeakHashMap",
          "java.util.concurrent.ConcurrentHashMap");
  private static final Set<String> HASHED_MAKERS =
      Set.of(CONSTRUCTOR, "newHashMap", "newHashSet", "newKeySet");
  private static final Set<String> IMMUTABLE_MAKERS = Set.of("of", "ofEntries", "copyOf");
  private static final Set<String> HASHED_COLLECTORS =
      Set.of("toSet", "toMap", "toUnmodifiable", "toConcurrentMap", "groupingBy", "partitioningBy");

  /** Whether a call is of this kind. */
  abstract boolean isCalledBy(JavaClass owner, String name, List<JavaClass> parameters);

  private static boolean isOfObject(String name, List<JavaClass> parameters) {
    return parameters.isEmpty()
        || name.equals("wait") && parameters.stream().allMatch(JavaClass::isPrimitive);
  }

  /**
   * Where classes call what is of this kind, also by a method reference: {@code where: what}, with
   * the top-level class and the JDK's class and method.
   */
  Set<String> foundIn(Iterable<JavaClass> classes) {
    var found = new TreeSet<String>();
    for (JavaClass from : classes) {
      Stream.concat(
              from.getCodeUnitCallsFromSelf().stream().map(call -> call.getTarget()),
              from.getCodeUnitReferencesFromSelf().stream().map(reference -> reference.getTarget()))
          .filter(target ->
              isCalledBy(target.getOwner(), target.getName(), target.getRawParameterTypes()))
          .map(target ->
              LayersTest.topLevel(from)
                  + ": "
                  + target.getOwner().getSimpleName()
                  + "."
                  + target.getName())
          .forEach(found::add);
    }
    return found;
  }
}
