/**
 * kqueue and the sockets of macOS and FreeBSD. {@link mill.natives.bsd.KqueuePoller} tells how
 * mill's one registration becomes the kernel's two filters.
 *
 * <table>
 *   <caption>Which file plays which role; the table is the same for each backend</caption>
 *   <tr><th>role</th><th>file</th></tr>
 *   <tr><td>the platform</td><td>{@link BsdPlatform}, {@link LibKqueuePlatform}</td></tr>
 *   <tr><td>the poller</td><td>{@link KqueuePoller}, {@link Watch}, {@link WatchTable},
 *       {@link RearmList}, {@link Batch}</td></tr>
 *   <tr><td>its waker</td><td>{@link KqueueWaker}</td></tr>
 *   <tr><td>its events</td><td>{@link KqueueEvents}, {@link KeventLayout}</td></tr>
 *   <tr><td>its calls</td><td>{@link KqueueCalls}, {@link NativeKqueueCalls}</td></tr>
 *   <tr><td>the sockets</td><td>{@link BsdSockets}</td></tr>
 *   <tr><td>their transfers, the hot half</td><td>{@link TransferCalls},
 *       {@link NativeTransferCalls}</td></tr>
 *   <tr><td>their other calls, the cold half</td><td>{@link BsdCalls}</td></tr>
 *   <tr><td>arrays of vectored calls</td><td>{@link mill.natives.posix.IoVectors}</td></tr>
 *   <tr><td>addresses</td><td>{@link BsdAddresses}</td></tr>
 *   <tr><td>error numbers</td><td>{@link BsdErrnos}</td></tr>
 *   <tr><td>socket options</td><td>{@link BsdOptions}, {@link BsdTable}</td></tr>
 * </table>
 *
 * <p>Sockets, cold calls, waker and addresses extend what is shared: {@link mill.natives.posix} and
 * {@link mill.natives.shared}. The calls are behind interfaces here, so that a model of the kernel
 * can stand below them; what is called {@code Native} is the C library's.
 */
@NullMarked
package mill.natives.bsd;

import org.jspecify.annotations.NullMarked;
