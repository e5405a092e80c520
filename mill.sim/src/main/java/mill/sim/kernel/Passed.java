package mill.sim.kernel;

import java.util.List;

/**
 * Open files that a message passes to another process ({@code SCM_RIGHTS}, unix(7)).
 *
 * @param files the files, each retained until somebody has it
 */
record Passed(List<SimFile> files) {
  static final Passed NOTHING = new Passed(List.of());

  /** Somebody is to have them: keeps them open meanwhile. */
  void retain() {
    files.forEach(SimFile::retain);
  }

  /** Nobody wants them any more. */
  void drop() {
    files.forEach(SimFile::drop);
  }
}
