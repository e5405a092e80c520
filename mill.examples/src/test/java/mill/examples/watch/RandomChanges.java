package mill.examples.watch;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Changes a directory at random, the same way for the same seed, and never so that an event follows
 * one just like it.
 */
final class RandomChanges {
  private static final int NAMES = 8;
  private static final int KINDS = 9;

  private final Random random;
  private final Path watched;
  private final Path outside;

  RandomChanges(long seed, Path watched, Path outside) throws IOException {
    random = new Random(seed);
    this.watched = watched;
    this.outside = Files.createDirectory(outside);
  }

  void run(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      Path path = watched.resolve("f" + random.nextInt(NAMES));
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        appear(path);
      } else if (Files.isDirectory(path)) {
        changeDirectory(path);
      } else {
        changeFile(path);
      }
    }
  }

  private void appear(Path path) throws IOException {
    Path away = outside.resolve(path.getFileName());
    if (Files.exists(away)) {
      Files.move(away, path);
    } else if (random.nextInt(4) == 0) {
      Files.createDirectory(path);
    } else {
      Files.writeString(path, "text");
    }
  }

  private void changeDirectory(Path path) throws IOException {
    Path free = free();
    if (free != null && random.nextBoolean()) {
      Files.move(path, free);
    } else {
      Files.delete(path);
    }
  }

  private void changeFile(Path path) throws IOException {
    switch (random.nextInt(KINDS)) {
      case 0 -> write(path, StandardOpenOption.WRITE);
      case 1 -> write(path, StandardOpenOption.APPEND);
      case 2 -> Files.newByteChannel(path, truncating()).close();
      case 3 -> Files.readString(path);
      case 4 -> Files.delete(path);
      case 5 -> Files.move(path, outside.resolve(path.getFileName()), REPLACE_EXISTING);
      case 6 -> link(path);
      case 7 -> rename(path);
      default -> {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
        Files.readString(path); // or the next change might be another one of these
      }
    }
  }

  /** Without truncating as well: that would be one change more, and just like this one. */
  private static void write(Path path, StandardOpenOption how) throws IOException {
    Files.writeString(path, "more", how);
  }

  private static Set<StandardOpenOption> truncating() {
    return EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
  }

  private void link(Path path) throws IOException {
    Path free = free();
    if (free != null) {
      Files.createLink(free, path);
    }
  }

  private void rename(Path path) throws IOException {
    Path target = watched.resolve("f" + random.nextInt(NAMES));
    if (!Files.isDirectory(target)) {
      Files.move(path, target, REPLACE_EXISTING);
    }
  }

  private Path free() {
    return IntStream.range(0, NAMES)
        .mapToObj(i -> watched.resolve("f" + i))
        .filter(path -> !Files.exists(path))
        .findFirst()
        .orElse(null);
  }
}
