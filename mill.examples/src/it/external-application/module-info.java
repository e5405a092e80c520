/** An application outside this repository: all it names is mill.core. */
module external.app {
  requires mill.core;
}
