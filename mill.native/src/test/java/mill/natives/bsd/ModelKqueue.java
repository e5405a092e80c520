package mill.natives.bsd;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import mill.natives.gen.macos.MacOs;

/** A model of a kqueue: its filters, and the queue of those that are active. */
final class ModelKqueue extends ModelFile {
  private record Key(long ident, int filter) {}

  private final Map<Key, Knote> registered = new HashMap<>();
  private final LinkedHashSet<Knote> queue = new LinkedHashSet<>();

  @Override
  State read() {
    return new State(!queue.isEmpty(), false, 0, queue.size());
  }

  @Override
  State write() {
    return State.NOT_READY;
  }

  @Override
  void closed(ModelKernel kernel) {
    for (Knote knote : registered.values()) {
      if (knote.file != null) {
        knote.file.knotes.remove(knote);
      }
    }
  }

  int size() {
    return registered.size();
  }

  boolean has(long ident, int filter) {
    return registered.containsKey(new Key(ident, filter));
  }

  void activate(Knote knote) {
    if (registered.get(new Key(knote.ident, knote.filter)) == knote) {
      knote.active = true;
      if (!knote.disabled) {
        queue.add(knote);
      }
    }
  }

  void drop(Knote knote) {
    registered.remove(new Key(knote.ident, knote.filter), knote);
    queue.remove(knote);
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
    Knote knote = registered.get(new Key(ident, filter));
    if (knote == null) {
      if ((flags & MacOs.EV_ADD()) == 0) {
        return MacOs.ENOENT();
      }
      int error = file == null ? 0 : file.attachError(filter);
      if (error != 0) {
        return error;
      }
      knote = new Knote(ident, filter, file, flags, udata);
      registered.put(new Key(ident, filter), knote);
      if (file != null) {
        file.knotes.add(knote);
      }
      knote.disabled = (flags & MacOs.EV_DISABLE()) != 0;
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
      queue.remove(knote);
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

  /** An event as it is copied out. */
  record Event(Knote knote, State state) {}

  /** Takes what is ready, at most so many. */
  List<Event> scan(int capacity) {
    var found = new ArrayList<Event>();
    for (Knote knote : List.copyOf(queue)) {
      if (found.size() == capacity) {
        break;
      }
      queue.remove(knote);
      State state = knote.state();
      if (!state.ready()) {
        knote.active = false;
        continue;
      }
      found.add(new Event(knote, state));
      after(knote);
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
      queue.add(knote);
    }
  }
}
