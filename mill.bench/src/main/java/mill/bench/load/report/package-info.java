/** The outcome as tables, JSON and a chart. */
@NullMarked
package mill.bench.load.report;

import org.jspecify.annotations.NullMarked;
