/**
 * The load harness: servers and one load generator as processes of their own, measured in pairs.
 */
@NullMarked
package mill.bench.load;

import org.jspecify.annotations.NullMarked;
