/**
 * The cold half of a POSIX system's sockets, for Linux and the BSDs alike: making, naming and
 * setting up sockets, descriptors' flags, pipes, and the arrays of vectored calls.
 *
 * <p>{@link mill.natives.posix.PosixSockets} is the table without the transfers, which each backend
 * has for itself: they are the hot half. {@link mill.natives.posix.PosixCalls} are the calls below
 * it. What the systems have alike is read from the bindings of Linux, and a test holds it against
 * those of the others; what they have not is in {@link mill.natives.posix.PosixNumbers}.
 */
@NullMarked
package mill.natives.posix;

import org.jspecify.annotations.NullMarked;
