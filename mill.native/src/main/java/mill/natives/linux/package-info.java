/**
 * epoll and the sockets of Linux. Reading {@link mill.natives.linux.EpollPoller} teaches how mill
 * works.
 */
@NullMarked
package mill.natives.linux;

import org.jspecify.annotations.NullMarked;
