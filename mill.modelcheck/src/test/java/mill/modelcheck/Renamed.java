package mill.modelcheck;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import net.bytebuddy.agent.ByteBuddyAgent;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;

/**
 * Some of mill's classes once more, under other names, and with other class files in place of some:
 * Lincheck knows a class by its name, and asks the application's loader for it.
 */
final class Renamed extends Remapper {
  private static final int ASM_API = Opcodes.ASM9;

  private final String prefix;
  private final Path folder;
  private final Queue<String> wanted = new ArrayDeque<>();
  private final Set<String> known = new HashSet<>();

  /**
   * Makes it.
   *
   * @param name the package in front of the others
   * @param folder the class files that differ
   */
  Renamed(String name, Path folder) {
    super(ASM_API);
    prefix = name + "/";
    this.folder = folder;
  }

  /** {@return the class under its other name} With all that it needs of mill. */
  Class<?> load(Class<?> type) throws IOException {
    Path file = folder.resolve("classes.jar");
    map(type.getName().replace('.', '/'));
    try (var jar = new JarOutputStream(Files.newOutputStream(file))) {
      String next;
      while ((next = wanted.poll()) != null) {
        jar.putNextEntry(new JarEntry(prefix + next + ".class"));
        jar.write(renamed(next + ".class"));
      }
    }
    ByteBuddyAgent.install().appendToSystemClassLoaderSearch(new JarFile(file.toFile()));
    try {
      return Class.forName(prefix.replace('/', '.') + type.getName());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String map(String name) {
    if (!name.startsWith("mill/")) {
      return name;
    }
    if (known.add(name)) {
      wanted.add(name);
    }
    return prefix + name;
  }

  private byte[] renamed(String classFile) throws IOException {
    var writer = new ClassWriter(0);
    new ClassReader(read(classFile)).accept(new ClassRemapper(writer, this), 0);
    return writer.toByteArray();
  }

  private byte[] read(String classFile) throws IOException {
    Path differs = folder.resolve(classFile);
    if (Files.exists(differs)) {
      return Files.readAllBytes(differs);
    }
    try (InputStream same = ClassLoader.getSystemResourceAsStream(classFile)) {
      if (same == null) {
        throw new IOException("there is no " + classFile);
      }
      return same.readAllBytes();
    }
  }
}
