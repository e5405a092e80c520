/**
 * kqueue and the sockets of macOS and FreeBSD. {@link mill.natives.bsd.KqueuePoller} tells how
 * mill's one registration becomes the kernel's two filters.
 */
@NullMarked
package mill.natives.bsd;

import org.jspecify.annotations.NullMarked;
