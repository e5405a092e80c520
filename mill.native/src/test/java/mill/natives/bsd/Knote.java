package mill.natives.bsd;

import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/**
 * A model of a kqueue's event filter.
 *
 * <pre>
 *              the file changed, or EV_ADD found it ready
 *   IDLE ─────────────────────────────────────────────────▶ ACTIVE, in the queue unless disabled
 *     ▲                                                       │
 *     └── no longer ready, EV_CLEAR, EV_DISPATCH (disabled) ──┤ a scan
 *                     EV_ONESHOT: gone ◀──────────────────────┘ otherwise to the end of the queue
 * </pre>
 */
final class Knote {
  final ModelKqueue kqueue;
  long ident;
  int filter;
  @Nullable ModelFile file;
  int flags;
  long udata;
  boolean disabled;
  boolean active;
  boolean queued;
  boolean triggered;

  private final ModelFile.State userState = new ModelFile.State();

  Knote(ModelKqueue kqueue) {
    this.kqueue = kqueue;
  }

  /** Makes a new filter of this one, which was dropped. */
  Knote assign(long ident, int filter, @Nullable ModelFile file, int flags, long udata) {
    this.ident = ident;
    this.filter = filter;
    this.file = file;
    this.flags = flags;
    this.udata = udata;
    disabled = (flags & MacOs.EV_DISABLE()) != 0;
    active = false;
    queued = false;
    triggered = false;
    return this;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  ModelFile.State state() {
    if (file == null) {
      return userState.set(triggered, false, 0, 0);
    }
    return filter == MacOs.EVFILT_READ() ? file.read() : file.write();
  }
}
