/** Workloads, and what the load generator and the clients of others tell of one slice. */
@NullMarked
package mill.bench.load.client;

import org.jspecify.annotations.NullMarked;
