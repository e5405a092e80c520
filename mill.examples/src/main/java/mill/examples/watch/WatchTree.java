package mill.examples.watch;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import mill.natives.ErrnoException;
import org.jspecify.annotations.Nullable;

/**
 * What is watched under which name, and how that changes as directories come and go.
 *
 * <p>Follows {@code inotifywait -m -r} with its limits: what happens in a new directory before its
 * watch is in place goes unseen, and of a directory that is moved away only the top is given up.
 */
final class WatchTree {
  private static final Set<String> PASSED_OVER = Set.of("ENOENT", "EACCES", "ELOOP");

  private final Inotify inotify;
  private final boolean recursive;
  private final int mask;
  private final Map<Integer, String> names = new HashMap<>();

  // A directory of ours that was moved, while it is not known whether it stays within the tree.
  private @Nullable String movedFrom;

  WatchTree(Inotify inotify, boolean recursive, int mask) {
    this.inotify = inotify;
    this.recursive = recursive;
    this.mask =
        recursive
            ? mask
                | WatchEvent.CREATE.bits()
                | WatchEvent.MOVED_FROM.bits()
                | WatchEvent.MOVED_TO.bits()
            : mask;
  }

  /** Watches a file or a directory; in a recursive tree the directories below it, too. */
  void add(String path) throws IOException {
    Path place = Path.of(path);
    if (!Files.isDirectory(place)) {
      names.putIfAbsent(inotify.add(path, mask), path);
      return;
    }
    String name = path.endsWith("/") ? path : path + "/";
    if (recursive) {
      addBelow(place, name);
    }
    // The first name stays if the directory is watched already.
    names.putIfAbsent(inotify.add(path, mask), name);
  }

  /** The name of a watch, with a slash at the end if it is a directory; empty if it has ended. */
  String name(int watch) {
    return names.getOrDefault(watch, "");
  }

  boolean isEmpty() {
    return names.isEmpty();
  }

  /**
   * Hears of every event, in order, after it was printed with the names from before.
   *
   * @throws IOException if a new directory cannot be watched; it is left out then
   */
  void follow(InotifyEvent event) throws IOException {
    String from = movedFrom;
    movedFrom = null;
    if (from != null && !event.is(WatchEvent.MOVED_TO)) {
      remove(from); // moved out: the other half would have come next
    }
    if (event.is(WatchEvent.IGNORED)) {
      names.remove(event.watch());
    } else if (recursive && event.is(WatchEvent.ISDIR)) {
      followDirectory(event, from);
    }
  }

  private void followDirectory(InotifyEvent event, @Nullable String from) throws IOException {
    String name = name(event.watch()) + event.name() + "/";
    boolean arrived = event.is(WatchEvent.MOVED_TO);
    if (event.is(WatchEvent.MOVED_FROM)) {
      movedFrom = names.containsValue(name) ? name : null;
    } else if (arrived && from != null) {
      rename(from, name);
    } else if ((arrived || event.is(WatchEvent.CREATE)) && Files.isDirectory(Path.of(name))) {
      add(name);
    }
  }

  private void addBelow(Path directory, String name) throws IOException {
    try (DirectoryStream<Path> below = Files.newDirectoryStream(directory)) {
      for (Path child : below) {
        if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
          addIfPossible(name + child.getFileName() + "/");
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** A directory that has gone meanwhile, or that we may not read, does not keep us from others. */
  private void addIfPossible(String path) throws IOException {
    try {
      add(path);
    } catch (NoSuchFileException | AccessDeniedException e) {
      // left out, as inotifywait does
    } catch (ErrnoException e) {
      if (!PASSED_OVER.contains(e.errnoName())) {
        throw e;
      }
    }
  }

  private void remove(String name) throws IOException {
    for (var entry : Map.copyOf(names).entrySet()) {
      if (entry.getValue().equals(name)) {
        names.remove(entry.getKey());
        end(entry.getKey());
      }
    }
  }

  private void end(int watch) throws IOException {
    try {
      inotify.remove(watch);
    } catch (ErrnoException e) {
      if (!e.errnoName().equals("EINVAL")) { // deleted since: the kernel has ended the watch
        throw e;
      }
    }
  }

  private void rename(String from, String to) {
    names.replaceAll(
        (watch, name) -> name.startsWith(from) ? to + name.substring(from.length()) : name);
  }
}
