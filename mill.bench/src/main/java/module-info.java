/** Harness code of mill's benchmarks. */
module mill.bench {
  requires mill.core;
  requires java.management;
  requires static org.jspecify;
}
