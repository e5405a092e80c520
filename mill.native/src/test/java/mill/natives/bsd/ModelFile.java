package mill.natives.bsd;

import java.util.ArrayList;
import java.util.List;

/** A model of what is behind a descriptor. All of the model is guarded by its kernel. */
abstract class ModelFile {
  final List<Knote> knotes = new ArrayList<>();
  boolean nonBlocking;
  boolean closeOnExec;

  /** What a filter sees: whether it is ready, and with which flags. */
  record State(boolean ready, boolean eof, int fflags, long data) {
    static final State NOT_READY = new State(false, false, 0, 0);
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
