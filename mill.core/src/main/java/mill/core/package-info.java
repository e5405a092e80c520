/**
 * The reactor: an {@link mill.core.EventLoop} waits for what is registered with it and calls its
 * {@link mill.core.EventHandler}s.
 */
@NullMarked
package mill.core;

import org.jspecify.annotations.NullMarked;
