package mill.natives.bsd;

import java.util.ArrayList;
import java.util.List;

/** A model of what is behind a descriptor. All of the model is guarded by its kernel. */
abstract class ModelFile {
  final List<Knote> knotes = new ArrayList<>();
  boolean nonBlocking;
  boolean closeOnExec;

  /** How many messages that nobody has received yet pass a descriptor of this. */
  int inFlight;

  /** What the two filters saw when they looked last. Reused: looking makes no garbage. */
  final State readState = new State();

  final State writeState = new State();

  /** What a filter sees: whether it is ready, and with which flags. */
  static final class State {
    static final State NOT_READY = new State();

    private boolean ready;
    private boolean eof;
    private int fflags;
    private long data;

    State set(boolean ready, boolean eof, int fflags, long data) {
      this.ready = ready;
      this.eof = eof;
      this.fflags = fflags;
      this.data = data;
      return this;
    }

    boolean ready() {
      return ready;
    }

    boolean eof() {
      return eof;
    }

    int fflags() {
      return fflags;
    }

    long data() {
      return data;
    }
  }

  /** The errno with which a filter cannot be attached, or 0. */
  int attachError(int filter) {
    return 0;
  }

  abstract State read();

  abstract State write();

  /** The descriptor was closed. */
  abstract void closed(ModelKernel kernel);
}
