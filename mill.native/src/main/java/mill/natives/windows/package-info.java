/**
 * I/O completion ports, the AFD driver's poll, and the sockets of Windows.
 *
 * <p>A completion port tells that an operation has ended, not that a socket is ready. What turns
 * one into the other is the operation that Winsock's own {@code select} is made of: {@code
 * IOCTL_AFD_POLL} ends when a socket is ready. {@link mill.natives.windows.IocpPoller} keeps one
 * such operation under way for each socket; {@link mill.natives.windows.AfdPoll} is one operation
 * with its states.
 */
@NullMarked
package mill.natives.windows;

import org.jspecify.annotations.NullMarked;
