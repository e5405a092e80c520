package mill.natives.abi;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What jextract made for one OS, read by reflection: nothing here links a function or opens a
 * library, so the bindings of every OS can be read on any host.
 */
record GeneratedBindings(
    Map<String, Object> constants,
    Map<String, GroupLayout> structs,
    Map<String, FunctionDescriptor> functions,
    Map<String, FunctionDescriptor> variadicFunctions) {

  /**
   * Reads the classes of one OS.
   *
   * @param main the class with the constants; the structs are all in its package
   * @param libraries classes that bind the functions of one library each
   */
  static GeneratedBindings of(Class<?> main, Class<?>... libraries) {
    var bindings =
        new GeneratedBindings(
            constantsOf(main), structsBeside(main), new TreeMap<>(), new TreeMap<>());
    bindings.addFunctions(main);
    for (Class<?> library : libraries) {
      bindings.addFunctions(library);
    }
    return bindings;
  }

  /** Every fact in the form of the tables' keys: constants, sizes, alignments, offsets, lengths. */
  Map<String, Object> facts() {
    var facts = new TreeMap<>(constants);
    structs.forEach((struct, layout) -> {
      facts.put(struct + "__SIZE", layout.byteSize());
      facts.put(struct + "__ALIGN", layout.byteAlignment());
      for (String field : fieldsOf(layout)) {
        var path = PathElement.groupElement(field);
        facts.put(struct + "__OFF_" + field, layout.byteOffset(path));
        facts.put(struct + "__LEN_" + field, layout.select(path).byteSize());
      }
    });
    return facts;
  }

  static List<String> fieldsOf(GroupLayout layout) {
    return layout.memberLayouts().stream()
        .filter(member -> !(member instanceof PaddingLayout))
        .map(member -> member.name().orElseThrow())
        .toList();
  }

  private static Map<String, Object> constantsOf(Class<?> main) {
    var constants = new TreeMap<String, Object>();
    for (Method method : main.getDeclaredMethods()) {
      boolean constant =
          Modifier.isPublic(method.getModifiers())
              && method.getParameterCount() == 0
              && (method.getReturnType() == int.class || method.getReturnType() == long.class);
      if (constant) {
        constants.put(method.getName(), invoke(method));
      }
    }
    return constants;
  }

  private static Map<String, GroupLayout> structsBeside(Class<?> main) {
    var structs = new TreeMap<String, GroupLayout>();
    for (String name : classNamesBeside(main)) {
      try {
        Class<?> type =
            Class.forName(main.getPackageName() + "." + name, false, main.getClassLoader());
        structs.put(name, (GroupLayout) invoke(type.getDeclaredMethod("layout")));
      } catch (NoSuchMethodException e) {
        // a class of constants or functions
      } catch (ClassNotFoundException e) {
        throw new AssertionError(e);
      }
    }
    return structs;
  }

  private static List<String> classNamesBeside(Class<?> main) {
    try {
      URI uri = main.getResource(main.getSimpleName() + ".class").toURI();
      try (var files = Files.list(Path.of(uri).getParent())) {
        return files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".class") && name.indexOf('$') < 0)
            .map(name -> name.substring(0, name.length() - ".class".length()))
            .sorted()
            .toList();
      }
    } catch (IOException | URISyntaxException e) {
      throw new AssertionError("the classes are not in a folder", e);
    }
  }

  private void addFunctions(Class<?> library) {
    for (Class<?> holder : library.getDeclaredClasses()) {
      for (var field : holder.getDeclaredFields()) {
        if (field.getType() == FunctionDescriptor.class) {
          var target = field.getName().equals("BASE_DESC") ? variadicFunctions : functions;
          try {
            field.setAccessible(true);
            target.put(holder.getSimpleName(), (FunctionDescriptor) field.get(null));
          } catch (IllegalAccessException e) {
            throw new AssertionError(e);
          }
        }
      }
    }
  }

  private static Object invoke(Method method) {
    try {
      return method.invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(method.toString(), e);
    }
  }
}
