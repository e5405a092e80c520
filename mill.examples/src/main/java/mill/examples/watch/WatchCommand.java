package mill.examples.watch;

import java.util.ArrayList;
import java.util.List;

/**
 * The command line.
 *
 * @param help whether to show how it is called, and nothing else
 * @param recursive whether to watch the directories below, too
 * @param events what to print
 * @param paths what to watch
 */
record WatchCommand(boolean help, boolean recursive, int events, List<String> paths) {
  static final String USAGE =
      """
      mill-watch prints what happens to files, as inotifywait -m does, until Ctrl-C.

        mill-watch [-r] [-e EVENTS] PATH...

        -r, --recursive      watch the directories below as well, new ones too
        -e, --event EVENTS   print these only, in the words of inotifywait: create,delete,move
        --help               show this
      """;

  /** Reads the command line. */
  static WatchCommand parse(String... args) throws WatchFailure {
    boolean help = false;
    boolean recursive = false;
    int events = 0;
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--help" -> help = true;
        case "-r", "--recursive" -> recursive = true;
        case "-e", "--event" -> {
          if (i + 1 == args.length) {
            throw WatchFailure.usage(args[i] + " needs the names of events");
          }
          events |= events(args[++i]);
        }
        default -> paths.add(path(args[i]));
      }
    }
    if (paths.isEmpty() && !help) {
      throw WatchFailure.usage("watch what? Give files or directories, or --help");
    }
    return new WatchCommand(
        help, recursive, events == 0 ? WatchEvent.ALL : events, List.copyOf(paths));
  }

  private static int events(String names) throws WatchFailure {
    try {
      return WatchEvent.mask(names);
    } catch (IllegalArgumentException e) {
      throw WatchFailure.usage(
          "there is no event '"
              + e.getMessage()
              + "': take access, modify, attrib, close_write, close_nowrite, close, open,"
              + " moved_from, moved_to, move, move_self, create, delete, delete_self, unmount");
    }
  }

  private static String path(String argument) throws WatchFailure {
    if (argument.isEmpty()) {
      throw WatchFailure.usage("an empty path names nothing: . is the current directory");
    }
    if (argument.startsWith("-")) {
      throw WatchFailure.usage(
          "unknown argument "
              + argument
              + ": --help lists what there is, ./"
              + argument
              + " is a file of that name");
    }
    return argument;
  }
}
