package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The simple names that {@code import module} brings into a program's scope: one that is there
 * twice cannot be used without an import of its own.
 */
class PublicNamesTest {
  private static final List<String> OURS = List.of("mill.natives", "mill.core");

  @ParameterizedTest
  @ValueSource(strings = {"mill.natives", "mill.core"})
  void noPublicTypeIsCalledLikeOneOfJavaBase(String module) throws Exception {
    Set<String> taken =
        publicTypes("java.base").stream().map(Class::getSimpleName).collect(Collectors.toSet());
    assertThat(taken).as("the JDK's own were found").contains("Buffer", "String", "Arena");
    List<Class<?>> types = publicTypes(module);
    assertThat(types).as("public types of %s", module).hasSizeGreaterThan(10);
    assertThat(types).allSatisfy(type -> assertThat(taken).doesNotContain(type.getSimpleName()));
  }

  @Test
  void noTwoPublicTypesAreCalledTheSame() throws Exception {
    var names = new ArrayList<String>();
    for (String module : OURS) {
      publicTypes(module).forEach(type -> names.add(type.getSimpleName()));
    }
    assertThat(names).doesNotHaveDuplicates();
  }

  /** The public top-level types of the packages that a module exports to everybody. */
  private static List<Class<?>> publicTypes(String name) throws Exception {
    Module module = ModuleLayer.boot().findModule(name).orElseThrow();
    Set<String> packages =
        module.getDescriptor().exports().stream()
            .filter(export -> !export.isQualified())
            .map(Exports::source)
            .collect(Collectors.toSet());
    var types = new ArrayList<Class<?>>();
    for (String file : files(name)) {
      String type = file.replace('/', '.').replaceFirst("\\.class$", "");
      if (file.endsWith(".class")
          && type.contains(".")
          && packages.contains(type.substring(0, type.lastIndexOf('.')))) {
        Class<?> found = Class.forName(module, type);
        if (!found.isMemberClass()
            && !found.isAnonymousClass()
            && !found.isLocalClass()
            && Modifier.isPublic(found.getModifiers())) {
          types.add(found);
        }
      }
    }
    return types;
  }

  /** What is in a module itself, without what the tests are patched in with. */
  private static List<String> files(String module) throws IOException {
    ModuleReference reference =
        ModuleFinder.ofSystem().find(module).orElseGet(() -> unpatched(module));
    try (ModuleReader reader = reference.open();
        var files = reader.list()) {
      return files.toList();
    }
  }

  private static ModuleReference unpatched(String module) {
    var location =
        ModuleLayer.boot()
            .configuration()
            .findModule(module)
            .orElseThrow()
            .reference()
            .location()
            .orElseThrow();
    return ModuleFinder.of(Path.of(location)).find(module).orElseThrow();
  }
}
