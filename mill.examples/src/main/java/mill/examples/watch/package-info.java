/**
 * Watches files with a descriptor of one's own: inotify, called by this module, on mill's loop.
 *
 * <p>{@link mill.examples.watch.FileWatch} is the program. {@code Inotify} is what anyone needs for
 * a descriptor that mill does not know: make it, hand it to {@link mill.natives.net.RawFd},
 * register that. The rest reads what the kernel reports and prints it as {@code inotifywait} does.
 */
@NullMarked
package mill.examples.watch;

import org.jspecify.annotations.NullMarked;
