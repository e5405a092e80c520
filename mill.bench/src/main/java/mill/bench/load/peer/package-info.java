/** Whom the harness measures, and what it needs to build and start them. */
@NullMarked
package mill.bench.load.peer;

import org.jspecify.annotations.NullMarked;
