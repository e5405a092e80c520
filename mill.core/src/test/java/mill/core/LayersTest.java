package mill.core;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.lang.module.ModuleReference;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mill.natives.CurrentPlatform;
import mill.natives.Poller;
import mill.natives.net.UnixAddress;
import mill.natives.platform.Platform;
import mill.natives.platform.Threads;
import org.junit.jupiter.api.Test;

/** Which package may know which, in both modules; read from the class files that users get. */
class LayersTest {
  private static final List<String> MODULES = List.of("mill.natives", "mill.core");
  private static final String[] BACKENDS = {
    "mill.natives.linux", "mill.natives.bsd", "mill.natives.windows"
  };

  /** The one cycle of classes that has to be: each of them is about the others. */
  private static final Set<String> ENGINE =
      Set.of(
          EventLoop.class.getName(),
          Reactor.class.getName(),
          Registration.class.getName(),
          EventHandler.class.getName());

  static final JavaClasses CLASSES = importModules();

  private static JavaClasses importModules() {
    ClassFileImporter importer = importer();
    List<Location> locations =
        MODULES.stream()
            .map(name -> Location.of(reference(name).location().orElseThrow()))
            .toList();
    return importer.importLocations(locations);
  }

  static ClassFileImporter importer() {
    System.setProperty("slf4j.internal.verbosity", "ERROR"); // it has nowhere to log to
    return new ClassFileImporter();
  }

  private static ModuleReference reference(String module) {
    return ModuleLayer.boot().configuration().findModule(module).orElseThrow().reference();
  }

  private static Set<String> classNames(String module) throws IOException {
    Path home = Path.of(reference(module).location().orElseThrow());
    if (Files.isDirectory(home)) {
      return classNames(home);
    }
    try (FileSystem jar = FileSystems.newFileSystem(home)) {
      return classNames(jar.getPath("/"));
    }
  }

  private static Set<String> classNames(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .map(file -> root.relativize(file).toString().replace('\\', '/'))
          .filter(file -> file.endsWith(".class") && !file.equals("module-info.class"))
          .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
          .collect(Collectors.toSet());
    }
  }

  /**
   * Or else the others would hold of nothing: an importer may skip class files that are too new.
   */
  @Test
  void everyClassOfBothModulesIsRead() throws IOException {
    var expected = new HashSet<String>();
    for (String module : MODULES) {
      expected.addAll(classNames(module));
    }
    assertThat(expected).contains(Poller.class.getName(), Reactor.class.getName());
    assertThat(CLASSES).hasSizeGreaterThan(400);
    assertThat(CLASSES.stream().map(JavaClass::getName).collect(Collectors.toSet()))
        .isEqualTo(expected);
  }

  @Test
  void layersOfTheReactor() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("mill..")
        .layer("metal")
        .definedBy("mill.natives..")
        .layer("core")
        .definedBy("mill.core")
        .layer("group")
        .definedBy("mill.core.group")
        .layer("net")
        .definedBy("mill.core.net")
        .layer("seam")
        .definedBy("mill.core.internal.loop")
        .layer("compute")
        .definedBy("mill.core.compute")
        .layer("timer")
        .definedBy("mill.core.internal.timer")
        .layer("internal")
        .definedBy("mill.core.internal")
        .whereLayer("group")
        .mayOnlyAccessLayers("core", "internal", "metal")
        .whereLayer("core")
        .mayOnlyAccessLayers("timer", "seam", "internal", "metal")
        .whereLayer("net")
        .mayOnlyAccessLayers("core", "group", "seam", "internal", "metal")
        .whereLayer("seam")
        .mayOnlyAccessLayers("metal")
        .whereLayer("timer")
        .mayOnlyAccessLayers("internal")
        // Threads and clock only: whatHasThreadsAndNoSocketsKnowsNoNativeCode.
        .whereLayer("compute")
        .mayOnlyAccessLayers("internal", "metal")
        .whereLayer("internal")
        .mayOnlyAccessLayers("metal")
        .whereLayer("metal")
        .mayNotAccessAnyLayer()
        // The sealed interface of which the engine is the one implementation.
        .ignoreDependency(resideInAPackage("mill.core.internal.timer"), type(Timeout.class))
        .ensureAllClassesAreContainedInArchitecture()
        .check(CLASSES);
  }

  @Test
  void layersOfTheMetal() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("mill.natives..")
        .layer("root")
        .definedBy("mill.natives")
        .layer("net")
        .definedBy("mill.natives.net")
        .layer("memory")
        .definedBy("mill.natives.memory")
        .layer("platform")
        .definedBy("mill.natives.platform")
        .layer("choice")
        .definedBy("mill.natives.backend")
        .layer("backends")
        .definedBy(BACKENDS)
        .layer("posix")
        .definedBy("mill.natives.posix")
        .layer("shared")
        .definedBy("mill.natives.shared")
        .layer("ffm")
        .definedBy("mill.natives.ffm")
        .layer("gen")
        .definedBy("mill.natives.gen..")
        .whereLayer("net")
        .mayOnlyAccessLayers("root", "platform")
        .whereLayer("memory")
        .mayNotAccessAnyLayer()
        .whereLayer("root")
        .mayOnlyAccessLayers("platform", "choice")
        .whereLayer("choice")
        .mayOnlyAccessLayers("platform", "backends")
        .whereLayer("platform")
        .mayOnlyAccessLayers("root")
        .whereLayer("backends")
        .mayOnlyAccessLayers("root", "platform", "posix", "shared", "ffm", "gen")
        .whereLayer("posix")
        .mayOnlyAccessLayers("platform", "ffm", "gen")
        .whereLayer("shared")
        .mayOnlyAccessLayers("platform")
        .whereLayer("ffm")
        .mayNotAccessAnyLayer()
        .whereLayer("gen")
        .mayNotAccessAnyLayer()
        // A value that an address codec makes.
        .ignoreDependency(alwaysTrue(), type(UnixAddress.class))
        .ensureAllClassesAreContainedInArchitectureIgnoring("mill.core..")
        .check(CLASSES);
  }

  @Test
  void theOneClassThatKnowsTheChoiceIsNativePlatform() {
    noClasses()
        .that(not(type(CurrentPlatform.class)).and(not(resideInAPackage("mill.natives.backend"))))
        .should()
        .dependOnClassesThat(resideInAPackage("mill.natives.backend"))
        .check(CLASSES);
  }

  @Test
  void whatHasThreadsAndNoSocketsKnowsNoNativeCode() {
    noClasses()
        .that(resideInAnyPackage("mill.core.compute", "mill.core.internal"))
        .should()
        .dependOnClassesThat(
            resideInAPackage("mill.natives..")
                .and(not(type(CurrentPlatform.class)))
                .and(not(type(Platform.class)))
                .and(not(type(Threads.class))))
        .check(CLASSES);
  }

  @Test
  void windowsIsNotPosix() {
    noClasses()
        .that(resideInAPackage("mill.natives.windows"))
        .should()
        .dependOnClassesThat(resideInAPackage("mill.natives.posix"))
        .check(CLASSES);
  }

  /**
   * javac reads the class files of what a user's code names, and with -Xlint:all warns of each
   * annotation that it does not find and that has a value.
   */
  @Test
  void publicClassesCarryNoAnnotationThatUsersLack() {
    var exported = new HashSet<String>();
    for (String module : MODULES) {
      reference(module).descriptor().exports().forEach(export -> exported.add(export.source()));
    }
    classes()
        .that()
        .arePublic()
        .and(describe("are exported", type -> exported.contains(type.getPackageName())))
        .should()
        .onlyDependOnClassesThat(not(resideInAPackage("com.google.errorprone..")))
        .check(CLASSES);
  }

  @Test
  void backendsKnowNothingOfEachOther() {
    slices()
        .matching("mill.natives.(linux|bsd|windows)..")
        .should()
        .notDependOnEachOther()
        .check(CLASSES);
  }

  @Test
  void noCycleOfClassesInTheReactorButTheEngine() {
    slices().assignedFrom(new TopLevelClasses()).should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void theEngineIsOneCycle() {
    for (String from : ENGINE) {
      assertThat(reachable(from)).as("from " + from).containsAll(ENGINE);
    }
  }

  private static Set<String> reachable(String from) {
    var seen = new HashSet<String>();
    var next = new ArrayDeque<>(List.of(from));
    while (!next.isEmpty()) {
      String at = next.remove();
      for (JavaClass javaClass : classesOf(at)) {
        javaClass.getDirectDependenciesFromSelf().stream()
            .map(dependency -> topLevel(dependency.getTargetClass()))
            .filter(target -> !target.equals(at) && ENGINE.contains(target) && seen.add(target))
            .forEach(next::add);
      }
    }
    return seen;
  }

  private static List<JavaClass> classesOf(String topLevel) {
    var classes = new ArrayList<JavaClass>();
    for (JavaClass javaClass : CLASSES) {
      if (topLevel(javaClass).equals(topLevel)) {
        classes.add(javaClass);
      }
    }
    return classes;
  }

  static String topLevel(JavaClass javaClass) {
    String name = javaClass.getBaseComponentType().getName();
    int nested = name.indexOf('$');
    return nested < 0 ? name : name.substring(0, nested);
  }

  /**
   * A slice for each file of mill.core, one for the engine, and one for the connections, which
   * their handlers know and which know their handlers.
   */
  private static final class TopLevelClasses implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
      if (!javaClass.getPackageName().startsWith("mill.core")) {
        return SliceIdentifier.ignore();
      }
      String name = topLevel(javaClass);
      if (javaClass.getPackageName().equals("mill.core.net")) {
        return SliceIdentifier.of("the connections");
      }
      return SliceIdentifier.of(ENGINE.contains(name) ? "the engine" : name);
    }

    @Override
    public String getDescription() {
      return "classes of mill.core";
    }
  }
}
