/** Runnable programs on mill. */
module mill.examples {
  requires mill.core;
  requires static org.jspecify;
}
