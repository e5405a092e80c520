/** How exactly a limited connection keeps its rate, and what waiting costs. */
@NullMarked
package mill.bench.rate;

import org.jspecify.annotations.NullMarked;
