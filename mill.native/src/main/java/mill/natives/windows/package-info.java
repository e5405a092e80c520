/**
 * I/O completion ports, the AFD driver's poll, and the sockets of Windows.
 *
 * <p>A completion port tells that an operation has ended, not that a socket is ready. What turns
 * one into the other is the operation that Winsock's own {@code select} is made of: {@code
 * IOCTL_AFD_POLL} ends when a socket is ready. {@link mill.natives.windows.IocpPoller} keeps one
 * such operation under way for each socket; {@link mill.natives.windows.AfdPoll} is one operation
 * with its states.
 *
 * <table>
 *   <caption>Which file plays which role; the table is the same for each backend</caption>
 *   <tr><th>role</th><th>file</th></tr>
 *   <tr><td>the platform</td><td>{@link WindowsPlatform}</td></tr>
 *   <tr><td>the poller</td><td>{@link IocpPoller}, {@link AfdPoll}, {@link AfdPolls},
 *       {@link FdMap}, {@link EdgePollers}</td></tr>
 *   <tr><td>its waker</td><td>{@link IocpWaker}</td></tr>
 *   <tr><td>its events</td><td>{@link IocpEvents}</td></tr>
 *   <tr><td>its calls</td><td>{@link IocpCalls}, {@link NativeIocpCalls},
 *       {@link KernelCalls}</td></tr>
 *   <tr><td>the sockets</td><td>{@link WindowsSockets}, {@link LoopbackPair}</td></tr>
 *   <tr><td>their transfers, the hot half</td><td>{@link TransferCalls}</td></tr>
 *   <tr><td>their other calls, the cold half</td><td>{@link WindowsCalls}</td></tr>
 *   <tr><td>arrays of vectored calls</td><td>{@link IoVectors}</td></tr>
 *   <tr><td>addresses</td><td>{@link WindowsAddresses}</td></tr>
 *   <tr><td>error numbers</td><td>{@link WindowsErrnos}, {@link LastErrors}</td></tr>
 *   <tr><td>socket options</td><td>{@link WindowsOptions}</td></tr>
 * </table>
 *
 * <p>Waker and addresses extend what is shared: {@link mill.natives.shared}. The calls of the
 * poller are behind an interface, so that a scripted kernel can stand below it; what is called
 * {@code Native} is Windows' own.
 */
@NullMarked
package mill.natives.windows;

import org.jspecify.annotations.NullMarked;
