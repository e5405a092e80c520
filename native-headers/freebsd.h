/* FreeBSD 12+ kqueue + socket ABI (amd64 and arm64). Self-contained; see linux.h for the rules. */
#ifndef MILL_FREEBSD_H
#define MILL_FREEBSD_H

/* FreeBSD 12 changed the layout (symbol version FBSD_1.5): 64 bytes, ext[4]. */
struct kevent {
    unsigned long long ident;
    short              filter;
    unsigned short     flags;
    unsigned int       fflags;
    long long          data;
    void              *udata;
    unsigned long long ext[4];
};

#include "bsd-socket.h"

int accept4(int fd, void *addr, void *addrlen, int flags);
int pipe2(void *fds, int flags);

#define EVFILT_USER      (-11)
#define AF_INET6         28
#define SOCK_CLOEXEC     0x10000000
#define SOCK_NONBLOCK    0x20000000
#define SO_NOSIGPIPE     0x0800
#define SO_REUSEPORT_LB  0x00010000
#define MSG_NOSIGNAL     0x00020000
#define F_DUPFD_CLOEXEC  17
#define O_CLOEXEC        0x00100000
#define IPV6_TCLASS      61
#define TCP_KEEPIDLE     256
#define TCP_KEEPINTVL    512
#define TCP_KEEPCNT      1024
#define TCP_FASTOPEN     1025

/* The errnos where macOS and FreeBSD part; the common ones are in bsd-socket.h. */
#define EOPNOTSUPP       45
#define ECANCELED        85
#define EPROTO           92

#endif
