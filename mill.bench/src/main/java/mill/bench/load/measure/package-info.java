/** When is measured, what is thrown away, and the arithmetic of the rest. */
@NullMarked
package mill.bench.load.measure;

import org.jspecify.annotations.NullMarked;
