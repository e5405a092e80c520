package mill.natives.bsd;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/**
 * A model of a kernel: a table of descriptors, names that sockets are bound to, and what a test has
 * scripted. It is the monitor that guards all of it.
 */
final class ModelKernel {
  /** How far up descriptors go; as many as a test can want. */
  private static final int MAX_FILES = 1024;

  private static final int FIRST_PORT = 49_152;

  final Map<Integer, ModelFile> files = new TreeMap<>();
  final Map<String, ModelSocket> bound = new HashMap<>();

  /** How many of the next waits a signal interrupts, after their changes were applied. */
  final AtomicInteger interruptions = new AtomicInteger();

  /** The errno with which every NOTE_TRIGGER fails, or 0. */
  volatile int triggerError;

  /** Called when a kevent has copied its events out, before the caller sees them. */
  volatile Runnable afterEvents = () -> {};

  private int nextPort = FIRST_PORT;

  synchronized int open(ModelFile file) {
    int fd = 3;
    while (files.containsKey(fd)) {
      fd++;
    }
    if (fd >= MAX_FILES) {
      return -MacOs.EMFILE();
    }
    files.put(fd, file);
    return fd;
  }

  @Nullable ModelFile file(int fd) {
    return files.get(fd);
  }

  synchronized int close(int fd) {
    ModelFile file = files.remove(fd);
    if (file == null) {
      return -MacOs.EBADF();
    }
    for (Knote knote : file.knotes) {
      if (knote.ident == fd) {
        knote.kqueue.drop(knote);
      }
    }
    file.knotes.removeIf(knote -> knote.ident == fd);
    closeIfUnused(file);
    notifyAll();
    return 0;
  }

  /** A file that is passed to somebody, or has another descriptor, stays open. */
  private void closeIfUnused(ModelFile file) {
    if (file.inFlight == 0 && !files.containsValue(file)) {
      file.closed(this);
    }
  }

  /** Passed files have arrived: each gets a descriptor. */
  synchronized int[] receive(List<ModelFile> passed) {
    return passed.stream()
        .mapToInt(file -> {
          file.inFlight--;
          return open(file);
        })
        .toArray();
  }

  int nextPort() {
    return nextPort++;
  }

  /** The readers of a file may have something new. */
  void readChanged(ModelFile file) {
    changed(file, MacOs.EVFILT_READ());
  }

  /** The writers of a file may have something new. */
  void writeChanged(ModelFile file) {
    changed(file, MacOs.EVFILT_WRITE());
  }

  private void changed(ModelFile file, int filter) {
    for (int i = 0; i < file.knotes.size(); i++) {
      Knote knote = file.knotes.get(i);
      if (knote.filter == filter && knote.state().ready()) {
        knote.kqueue.activate(knote);
      }
    }
    notifyAll();
  }
}
