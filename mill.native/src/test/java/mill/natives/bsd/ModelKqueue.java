package mill.natives.bsd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/**
 * A kqueue of the model: its filters, and the queue of those that are active. It makes no garbage
 * once it has had its largest number of filters, so that what mill makes can be counted.
 */
final class ModelKqueue extends ModelFile {
  /** Takes what a scan finds. */
  interface Sink {
    void write(int index, Knote knote, State state);
  }

  private final List<Knote> registered = new ArrayList<>();
  private final ArrayDeque<Knote> queue = new ArrayDeque<>();
  private final ArrayDeque<Knote> dropped = new ArrayDeque<>(); // for use again

  @Override
  State read() {
    return readState.set(!queue.isEmpty(), false, 0, queue.size());
  }

  @Override
  State write() {
    return State.NOT_READY;
  }

  @Override
  void closed(ModelKernel kernel) {
    for (Knote knote : registered) {
      if (knote.file != null) {
        knote.file.knotes.remove(knote);
      }
    }
  }

  int size() {
    return registered.size();
  }

  boolean has(long ident, int filter) {
    return find(ident, filter) != null;
  }

  private @Nullable Knote find(long ident, int filter) {
    for (int i = 0; i < registered.size(); i++) {
      Knote knote = registered.get(i);
      if (knote.ident == ident && knote.filter == filter) {
        return knote;
      }
    }
    return null;
  }

  void activate(Knote knote) {
    knote.active = true;
    if (!knote.disabled) {
      enqueue(knote);
    }
  }

  private void enqueue(Knote knote) {
    if (!knote.queued) {
      knote.queued = true;
      queue.add(knote);
    }
  }

  private void dequeue(Knote knote) {
    if (knote.queued) {
      knote.queued = false;
      queue.remove(knote);
    }
  }

  void drop(Knote knote) {
    if (registered.remove(knote)) {
      dequeue(knote);
      dropped.add(knote);
    }
  }

  /** Applies one change; 0 or the errno. */
  int register(
      ModelKernel kernel, long ident, int filter, int flags, int fflags, long udata, int user) {
    ModelFile file = filter == user ? null : kernel.file((int) ident);
    if (filter != user && file == null) {
      return MacOs.EBADF();
    }
    if (filter != user && filter != MacOs.EVFILT_READ() && filter != MacOs.EVFILT_WRITE()) {
      return MacOs.EINVAL();
    }
    Knote knote = find(ident, filter);
    if (knote == null) {
      if ((flags & MacOs.EV_ADD()) == 0) {
        return MacOs.ENOENT();
      }
      int error = file == null ? 0 : file.attachError(filter);
      if (error != 0) {
        return error;
      }
      Knote spare = dropped.isEmpty() ? new Knote(this) : dropped.removeLast();
      knote = spare.assign(ident, filter, file, flags, udata);
      registered.add(knote);
      if (file != null) {
        file.knotes.add(knote);
      }
    } else if ((flags & MacOs.EV_DELETE()) != 0) {
      drop(knote);
      if (file != null) {
        file.knotes.remove(knote);
      }
      return 0;
    }
    touch(kernel, knote, flags, fflags, udata);
    return 0;
  }

  // The flags of the first EV_ADD stay what they were, and EV_ADD enables nothing: EV_ENABLE does.
  private void touch(ModelKernel kernel, Knote knote, int flags, int fflags, long udata) {
    knote.udata = udata;
    if ((flags & MacOs.EV_DISABLE()) != 0) {
      knote.disabled = true;
      dequeue(knote);
    }
    if ((flags & MacOs.EV_ENABLE()) != 0) {
      knote.disabled = false;
    }
    knote.triggered |= knote.file == null && (fflags & MacOs.NOTE_TRIGGER()) != 0;
    if (knote.state().ready()) {
      activate(knote);
    }
    kernel.notifyAll();
  }

  /** Takes what is ready, each filter once and at most so many; how many. */
  int scan(int capacity, Sink into) {
    int found = 0;
    // What is still ready goes to the end of the queue, and is not looked at again.
    for (int left = queue.size(); left > 0 && found < capacity; left--) {
      Knote knote = queue.remove();
      knote.queued = false;
      State state = knote.state();
      if (state.ready()) {
        into.write(found++, knote, state);
        after(knote);
      } else {
        knote.active = false;
      }
    }
    return found;
  }

  private void after(Knote knote) {
    if (knote.has(MacOs.EV_ONESHOT())) {
      drop(knote);
      if (knote.file != null) {
        knote.file.knotes.remove(knote);
      }
    } else if (knote.has(MacOs.EV_DISPATCH())) {
      knote.active = false;
      knote.disabled = true;
    } else if (knote.has(MacOs.EV_CLEAR())) {
      knote.active = false;
      knote.triggered = false;
    } else {
      enqueue(knote);
    }
  }
}
