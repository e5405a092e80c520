/** The engine of the timers: a hierarchical wheel, and an inbox for other threads. Not exported. */
@NullMarked
package mill.core.internal.timer;

import org.jspecify.annotations.NullMarked;
