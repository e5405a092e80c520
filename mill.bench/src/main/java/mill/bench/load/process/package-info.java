/** Processes: one command, a server that runs, and what strace counts of it. */
@NullMarked
package mill.bench.load.process;

import org.jspecify.annotations.NullMarked;
