/* macOS kqueue + socket ABI (x86-64 and arm64). Self-contained; see linux.h for the rules. */
#ifndef MILL_MACOS_H
#define MILL_MACOS_H

/* The SDK declares struct kevent under #pragma pack(4): offsets are the natural
 * ones, the size is 32, but the alignment is 4. */
#pragma pack(push, 4)
struct kevent {
    unsigned long long ident;
    short              filter;
    unsigned short     flags;
    unsigned int       fflags;
    long long          data;
    void              *udata;
};
#pragma pack(pop)

#include "bsd-socket.h"

#define EVFILT_USER      (-10)
#define AF_INET6         30
#define SO_NREAD         0x1020
#define SO_NOSIGPIPE     0x1022
#define SO_LINGER_SEC    0x1080
#define MSG_NOSIGNAL     0x80000     /* macOS 11 and newer; else SO_NOSIGPIPE */
#define F_DUPFD_CLOEXEC  67
#define O_CLOEXEC        0x1000000
#define IPV6_TCLASS      36
#define TCP_KEEPALIVE    0x10
#define TCP_KEEPINTVL    0x101
#define TCP_KEEPCNT      0x102
#define TCP_FASTOPEN     0x105

/* The errnos where macOS and FreeBSD part; the common ones are in bsd-socket.h. */
#define ENOTSUP          45
#define ECANCELED        89
#define EPROTO           100
#define EOPNOTSUPP       102

#endif
