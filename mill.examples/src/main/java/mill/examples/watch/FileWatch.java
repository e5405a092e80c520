package mill.examples.watch;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import mill.core.EventLoop;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;

/**
 * Prints what happens to files, line for line as {@code inotifywait -m} does. Linux only.
 *
 * <p>Shows how a descriptor that mill knows nothing of gets onto a loop: {@code Inotify} makes it
 * with calls of its own, so this module needs native access besides mill's.
 *
 * <pre>
 * java --enable-native-access=mill.natives,mill.examples -p … -m mill.examples/mill.examples.watch.FileWatch DIR
 * </pre>
 *
 * <p>Like inotifywait it says nothing of an event that the kernel merged with one just like it that
 * was still unread. Names are taken to be UTF-8.
 *
 * <p>Ends with 0 when nothing that it watched is left; with 1 and a line on stderr if something
 * broke; with 2 and a line on stderr if the caller must change something.
 */
public final class FileWatch {
  private static final int BUFFER_BYTES = 64 * 1024;

  private FileWatch() {}

  /** Watches the paths in {@code args} until it is killed; {@code --help} lists the arguments. */
  public static void main(String[] args) {
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    int exitCode = 0;
    try {
      run(WatchCommand.parse(args), out, System.err);
    } catch (WatchFailure e) {
      System.err.println("mill-watch: " + e.getMessage());
      exitCode = e.exitCode();
    } catch (IOException e) {
      System.err.println("mill-watch: " + e.getMessage());
      exitCode = 1;
    }
    out.flush();
    if (exitCode != 0) {
      System.exit(exitCode);
    }
  }

  private static void run(WatchCommand command, PrintStream out, PrintStream err)
      throws IOException, WatchFailure {
    if (command.help()) {
      out.print(WatchCommand.USAGE);
      return;
    }
    requireInotify(System.getProperty("os.name"));
    try (EventLoop loop = EventLoop.open();
        Inotify inotify = open();
        Arena arena = Arena.ofConfined()) {
      var tree = new WatchTree(inotify, command.recursive(), command.events());
      for (String path : command.paths()) {
        add(tree, path);
      }
      var buffer = arena.allocate(BUFFER_BYTES, Integer.BYTES);
      var printer = new EventPrinter(inotify.fd(), buffer, tree, command.events(), out, err);
      loop.register(inotify.fd(), Interest.READABLE, printer);
      err.println("Watches established.");
      loop.run();
      Throwable failure = printer.failure();
      if (failure != null) {
        throw WatchFailure.broken(String.valueOf(failure.getMessage()));
      }
    }
  }

  /** Says before anything fails what is missing, and what to type. */
  static void requireInotify(String system) throws WatchFailure {
    if (!system.equals("Linux")) {
      throw WatchFailure.usage("inotify is Linux's own, and this is " + system);
    }
    try {
      var _ = CurrentPlatform.get();
    } catch (IllegalStateException | UnsupportedOperationException e) {
      throw WatchFailure.usage(String.valueOf(e.getMessage()));
    }
    Module own = FileWatch.class.getModule();
    if (!own.isNativeAccessEnabled()) {
      throw WatchFailure.usage(
          own.getName()
              + " may not call native code: start java with --enable-native-access=mill.natives,"
              + own.getName());
    }
  }

  private static Inotify open() throws IOException, WatchFailure {
    try {
      return Inotify.open();
    } catch (ErrnoException e) {
      if (e.errnoName().equals("EMFILE")) {
        throw WatchFailure.usage(
            "no more inotify instances: raise /proc/sys/fs/inotify/max_user_instances or ulimit"
                + " -n");
      }
      throw e;
    }
  }

  private static void add(WatchTree tree, String path) throws IOException, WatchFailure {
    try {
      tree.add(path);
    } catch (AccessDeniedException e) {
      throw unreadable(String.valueOf(e.getMessage()));
    } catch (ErrnoException e) {
      switch (e.errnoName()) {
        case "ENOENT" ->
            throw WatchFailure.usage(
                "there is no " + path + ": name a file or directory that exists");
        case "EACCES" -> throw unreadable(path);
        case "ENOSPC" ->
            throw WatchFailure.usage(
                "no more inotify watches for "
                    + path
                    + ": raise /proc/sys/fs/inotify/max_user_watches");
        default -> throw e;
      }
    }
  }

  private static WatchFailure unreadable(String path) {
    return WatchFailure.usage("may not read " + path + ": run as a user who may");
  }
}
