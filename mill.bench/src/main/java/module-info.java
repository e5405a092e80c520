/** Harness code of mill's benchmarks. */
module mill.bench {
  requires mill.core;
}
