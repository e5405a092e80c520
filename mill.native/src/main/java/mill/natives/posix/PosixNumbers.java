package mill.natives.posix;

import mill.natives.platform.OptionCode;

/**
 * The numbers of the cold half in which POSIX systems differ.
 *
 * @param afInet6 the number of AF_INET6
 * @param nonBlock the number of O_NONBLOCK
 * @param newSocketFlags what to add to the type of a new socket: SOCK_NONBLOCK and SOCK_CLOEXEC
 *     where there are such, else 0
 * @param linger SO_LINGER that counts seconds
 */
public record PosixNumbers(int afInet6, int nonBlock, int newSocketFlags, OptionCode linger) {}
