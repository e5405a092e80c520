/**
 * epoll and the sockets of Linux. Reading {@link mill.natives.linux.EpollPoller} teaches how mill
 * works.
 *
 * <table>
 *   <caption>Which file plays which role; the table is the same for each backend</caption>
 *   <tr><th>role</th><th>file</th></tr>
 *   <tr><td>the platform</td><td>{@link LinuxPlatform}</td></tr>
 *   <tr><td>the poller</td><td>{@link EpollPoller}</td></tr>
 *   <tr><td>its waker</td><td>{@link EpollWaker}</td></tr>
 *   <tr><td>its events</td><td>{@link EpollEvents}</td></tr>
 *   <tr><td>its calls</td><td>{@link EpollCalls}</td></tr>
 *   <tr><td>the sockets</td><td>{@link LinuxSockets}</td></tr>
 *   <tr><td>their transfers, the hot half</td><td>{@link TransferCalls}</td></tr>
 *   <tr><td>their other calls, the cold half</td><td>{@link LinuxCalls}</td></tr>
 *   <tr><td>arrays of vectored calls</td><td>{@link mill.natives.posix.IoVectors}</td></tr>
 *   <tr><td>addresses</td><td>{@link LinuxAddresses}</td></tr>
 *   <tr><td>error numbers</td><td>{@link LinuxErrnos}</td></tr>
 *   <tr><td>socket options</td><td>{@link LinuxOptions}</td></tr>
 * </table>
 *
 * <p>Sockets, cold calls, waker and addresses extend what is shared: {@link mill.natives.posix} and
 * {@link mill.natives.shared}.
 */
@NullMarked
package mill.natives.linux;

import org.jspecify.annotations.NullMarked;
