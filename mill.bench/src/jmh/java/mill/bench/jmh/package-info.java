/**
 * The benchmarks: mill beside java.nio and Netty, in the same run. See {@code
 * mill.bench/README.md}.
 */
package mill.bench.jmh;
