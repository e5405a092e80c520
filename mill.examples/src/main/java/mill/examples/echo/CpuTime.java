package mill.examples.echo;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The processor time of a thread, from {@code proc_pid_stat(5)}.
 *
 * @param userTicks time outside the kernel
 * @param systemTicks time inside the kernel
 */
record CpuTime(long userTicks, long systemTicks) {
  /** {@code USER_HZ}, which is 100 on all that mill runs on. */
  static final int TICKS_PER_SECOND = 100;

  // The fields after the command's name, which is in parentheses and may hold anything: state is
  // the first.
  private static final int USER_FIELD = 11;
  private static final int SYSTEM_FIELD = 12;

  /** Reads the threads of a process, by number; none where there is no {@code /proc}. */
  static Map<String, ServerCpu.ThreadTime> ofThreads(long pid) {
    Map<String, ServerCpu.ThreadTime> threads = new HashMap<>();
    Path tasks = Path.of("/proc", Long.toString(pid), "task");
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(tasks)) {
      for (Path folder : folders) {
        readThread(folder)
            .ifPresent(thread -> threads.put(String.valueOf(folder.getFileName()), thread));
      }
    } catch (IOException e) {
      return Map.of();
    }
    return threads;
  }

  /** The sum of this and another. */
  CpuTime plus(CpuTime other) {
    return new CpuTime(userTicks + other.userTicks, systemTicks + other.systemTicks);
  }

  /** The time since an earlier reading. */
  CpuTime since(CpuTime earlier) {
    return new CpuTime(userTicks - earlier.userTicks, systemTicks - earlier.systemTicks);
  }

  long totalTicks() {
    return userTicks + systemTicks;
  }

  double userMicros() {
    return userTicks * (1e6 / TICKS_PER_SECOND);
  }

  double systemMicros() {
    return systemTicks * (1e6 / TICKS_PER_SECOND);
  }

  static CpuTime parse(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return new CpuTime(Long.parseLong(fields[USER_FIELD]), Long.parseLong(fields[SYSTEM_FIELD]));
  }

  private static Optional<ServerCpu.ThreadTime> readThread(Path folder) {
    try {
      String name = Files.readString(folder.resolve("comm")).strip();
      CpuTime time = parse(Files.readString(folder.resolve("stat")));
      return Optional.of(new ServerCpu.ThreadTime(name, time));
    } catch (IOException e) {
      return Optional.empty(); // it ended while we looked
    }
  }
}
