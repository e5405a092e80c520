/*
 * What macOS and FreeBSD share of the 4.4BSD socket ABI (LP64, x86-64 and arm64).
 * Included by macos.h and freebsd.h; not fed to jextract by itself.
 */
#ifndef MILL_BSD_SOCKET_H
#define MILL_BSD_SOCKET_H

struct timespec {
    long long tv_sec;
    long long tv_nsec;
};

struct iovec {
    void              *iov_base;
    unsigned long long iov_len;
};

struct msghdr {                          /* note: 32-bit iovlen/controllen, unlike Linux */
    void         *msg_name;
    unsigned int  msg_namelen;
    struct iovec *msg_iov;
    int           msg_iovlen;
    void         *msg_control;
    unsigned int  msg_controllen;
    int           msg_flags;
};

struct cmsghdr {                         /* data follows: aligned to 4 on macOS, to 8 on FreeBSD */
    unsigned int cmsg_len;
    int          cmsg_level;
    int          cmsg_type;
};

struct in_addr {
    unsigned int s_addr;
};

struct in6_addr {
    unsigned char s6_addr[16];
};

struct sockaddr_in {                     /* BSD: one-byte length, one-byte family */
    unsigned char  sin_len;
    unsigned char  sin_family;
    unsigned short sin_port;
    struct in_addr sin_addr;
    char           sin_zero[8];
};

struct sockaddr_in6 {
    unsigned char   sin6_len;
    unsigned char   sin6_family;
    unsigned short  sin6_port;
    unsigned int    sin6_flowinfo;
    struct in6_addr sin6_addr;
    unsigned int    sin6_scope_id;
};

struct sockaddr_un {
    unsigned char sun_len;
    unsigned char sun_family;
    char          sun_path[104];
};

struct sockaddr_storage {
    unsigned char ss_len;
    unsigned char ss_family;
    char          ss_pad1[6];
    long long     ss_align;
    char          ss_pad2[112];
};

struct linger {
    int l_onoff;
    int l_linger;
};

int       kqueue(void);
int       kevent(int kq, const struct kevent *changelist, int nchanges,
                 struct kevent *eventlist, int nevents, const struct timespec *timeout);

int       pipe(void *fds);
int       socket(int domain, int type, int protocol);
int       socketpair(int domain, int type, int protocol, void *fds);
int       bind(int fd, const void *addr, unsigned int addrlen);
int       listen(int fd, int backlog);
int       accept(int fd, void *addr, void *addrlen);
int       connect(int fd, const void *addr, unsigned int addrlen);
long long recv(int fd, void *buf, unsigned long long len, int flags);
long long send(int fd, const void *buf, unsigned long long len, int flags);
long long recvfrom(int fd, void *buf, unsigned long long len, int flags, void *addr, void *addrlen);
long long sendto(int fd, const void *buf, unsigned long long len, int flags,
                 const void *addr, unsigned int addrlen);
long long read(int fd, void *buf, unsigned long long count);
long long write(int fd, const void *buf, unsigned long long count);
long long readv(int fd, const struct iovec *iov, int iovcnt);
long long writev(int fd, const struct iovec *iov, int iovcnt);
long long sendmsg(int fd, const struct msghdr *msg, int flags);
long long recvmsg(int fd, struct msghdr *msg, int flags);
int       setsockopt(int fd, int level, int optname, const void *optval, unsigned int optlen);
int       getsockopt(int fd, int level, int optname, void *optval, void *optlen);
int       getsockname(int fd, void *addr, void *addrlen);
int       getpeername(int fd, void *addr, void *addrlen);
int       shutdown(int fd, int how);
int       close(int fd);
int       dup(int fd);
/* Variadic arguments travel on the stack on macOS arm64: bind these with firstVariadicArg(2). */
int       fcntl(int fd, int cmd, ...);
int       ioctl(int fd, unsigned long long request, ...);
int       open(const void *path, int flags, ...);

#define EVFILT_READ      (-1)
#define EVFILT_WRITE     (-2)
#define EV_ADD           0x0001
#define EV_DELETE        0x0002
#define EV_ENABLE        0x0004
#define EV_DISABLE       0x0008
#define EV_ONESHOT       0x0010
#define EV_CLEAR         0x0020
#define EV_RECEIPT       0x0040
#define EV_DISPATCH      0x0080
#define EV_ERROR         0x4000
#define EV_EOF           0x8000
#define NOTE_TRIGGER     0x01000000
#define NOTE_LOWAT       0x00000001

#define AF_UNSPEC        0
#define AF_UNIX          1
#define AF_INET          2
#define SOCK_STREAM      1
#define SOCK_DGRAM       2
#define SOMAXCONN        128
#define IPPROTO_IP       0
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define SOL_SOCKET       0xffff
#define SO_ACCEPTCONN    0x0002
#define SO_REUSEADDR     0x0004
#define SO_KEEPALIVE     0x0008
#define SO_BROADCAST     0x0020
#define SO_LINGER        0x0080
#define SO_OOBINLINE     0x0100
#define SO_REUSEPORT     0x0200
#define SO_SNDBUF        0x1001
#define SO_RCVBUF        0x1002
#define SO_SNDLOWAT      0x1003
#define SO_RCVLOWAT      0x1004
#define SO_ERROR         0x1007
#define SO_TYPE          0x1008
#define TCP_NODELAY      1
#define TCP_MAXSEG       2
#define TCP_NOPUSH       4
#define IP_TOS           3
#define IP_TTL           4
#define IPV6_UNICAST_HOPS 4
#define IPV6_V6ONLY      27
#define SCM_RIGHTS       1

#define MSG_OOB          0x1
#define MSG_PEEK         0x2
#define MSG_TRUNC        0x10
#define MSG_CTRUNC       0x20
#define MSG_WAITALL      0x40
#define MSG_DONTWAIT     0x80
#define SHUT_RD          0
#define SHUT_WR          1
#define SHUT_RDWR        2
#define F_GETFD          1
#define F_SETFD          2
#define F_GETFL          3
#define F_SETFL          4
#define FD_CLOEXEC       1
#define O_RDONLY         0x0000
#define O_NONBLOCK       0x0004
#define FIONBIO          0x8004667E
#define FIONREAD         0x4004667F
#define IOV_MAX          1024

#define EPERM            1
#define ENOENT           2
#define EINTR            4
#define EIO              5
#define ENXIO            6
#define EBADF            9
#define EDEADLK          11
#define ENOMEM           12
#define EACCES           13
#define EFAULT           14
#define EBUSY            16
#define EEXIST           17
#define ENODEV           19
#define ENOTDIR          20
#define EISDIR           21
#define EINVAL           22
#define ENFILE           23
#define EMFILE           24
#define ENOTTY           25
#define EFBIG            27
#define ENOSPC           28
#define ESPIPE           29
#define EROFS            30
#define EPIPE            32
#define EDOM             33
#define ERANGE           34
#define EAGAIN           35
#define EINPROGRESS      36
#define EALREADY         37
#define ENOTSOCK         38
#define EDESTADDRREQ     39
#define EMSGSIZE         40
#define EPROTOTYPE       41
#define ENOPROTOOPT      42
#define EPROTONOSUPPORT  43
#define ESOCKTNOSUPPORT  44
#define EPFNOSUPPORT     46
#define EAFNOSUPPORT     47
#define EADDRINUSE       48
#define EADDRNOTAVAIL    49
#define ENETDOWN         50
#define ENETUNREACH      51
#define ENETRESET        52
#define ECONNABORTED     53
#define ECONNRESET       54
#define ENOBUFS          55
#define EISCONN          56
#define ENOTCONN         57
#define ESHUTDOWN        58
#define ETOOMANYREFS     59
#define ETIMEDOUT        60
#define ECONNREFUSED     61
#define ELOOP            62
#define ENAMETOOLONG     63
#define EHOSTDOWN        64
#define EHOSTUNREACH     65
#define ENOLCK           77
#define ENOSYS           78
#define EOVERFLOW        84

#endif
