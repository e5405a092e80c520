/*
 * Linux readiness + socket ABI, x86-64 and aarch64 (LP64, little endian).
 *
 * Self-contained on purpose: no #include, and only types whose width is the
 * same on every 64-bit ABI (char, short, int, long long, void*). Never `long`.
 * size_t/ssize_t are spelled (unsigned) long long. Constants are macros holding plain
 * literals, so every value can be diffed against the real headers.
 */
#ifndef MILL_LINUX_H
#define MILL_LINUX_H

/* ---- structs ---------------------------------------------------------- */

/*
 * The kernel packs struct epoll_event on x86-64 ONLY. Both shapes are declared
 * so one generated class tree serves both architectures; Java picks by os.arch.
 */
struct epoll_event_packed {              /* x86-64: 12 bytes, data at 4 */
    unsigned int       events;
    unsigned long long data;
} __attribute__((packed));

struct epoll_event_natural {             /* aarch64: 16 bytes, data at 8 */
    unsigned int       events;
    unsigned long long data;
};

struct timespec {
    long long tv_sec;
    long long tv_nsec;
};

struct iovec {
    void              *iov_base;
    unsigned long long iov_len;
};

struct msghdr {
    void              *msg_name;
    unsigned int       msg_namelen;
    struct iovec      *msg_iov;
    unsigned long long msg_iovlen;
    void              *msg_control;
    unsigned long long msg_controllen;
    int                msg_flags;
};

struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned int  msg_len;
};

struct cmsghdr {                         /* data follows, and what is next is aligned to 8 */
    unsigned long long cmsg_len;
    int                cmsg_level;
    int                cmsg_type;
};

struct sock_extended_err {
    unsigned int  ee_errno;
    unsigned char ee_origin;
    unsigned char ee_type;
    unsigned char ee_code;
    unsigned char ee_pad;
    unsigned int  ee_info;
    unsigned int  ee_data;
};

struct in_addr {
    unsigned int s_addr;                 /* network byte order */
};

struct in6_addr {
    unsigned char s6_addr[16];
};

struct sockaddr_in {
    unsigned short sin_family;
    unsigned short sin_port;             /* network byte order */
    struct in_addr sin_addr;
    unsigned char  sin_zero[8];
};

struct sockaddr_in6 {
    unsigned short  sin6_family;
    unsigned short  sin6_port;           /* network byte order */
    unsigned int    sin6_flowinfo;
    struct in6_addr sin6_addr;
    unsigned int    sin6_scope_id;
};

struct sockaddr_un {
    unsigned short sun_family;
    char           sun_path[108];
};

struct sockaddr_storage {
    unsigned short     ss_family;
    unsigned char      ss_pad[118];
    unsigned long long ss_align;
};

struct linger {
    int l_onoff;
    int l_linger;
};

/* ---- functions (libc) ------------------------------------------------- */

int       epoll_create1(int flags);
int       epoll_ctl(int epfd, int op, int fd, void *event);
int       epoll_wait(int epfd, void *events, int maxevents, int timeout);
int       epoll_pwait2(int epfd, void *events, int maxevents,
                       const struct timespec *timeout, const void *sigmask);
int       eventfd(unsigned int initval, int flags);
int       pipe2(void *fds, int flags);

int       socket(int domain, int type, int protocol);
int       socketpair(int domain, int type, int protocol, void *fds);
int       bind(int fd, const void *addr, unsigned int addrlen);
int       listen(int fd, int backlog);
int       accept4(int fd, void *addr, void *addrlen, int flags);
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
int       sendmmsg(int fd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
int       recvmmsg(int fd, struct mmsghdr *msgvec, unsigned int vlen, int flags,
                   struct timespec *timeout);
int       setsockopt(int fd, int level, int optname, const void *optval, unsigned int optlen);
int       getsockopt(int fd, int level, int optname, void *optval, void *optlen);
int       getsockname(int fd, void *addr, void *addrlen);
int       getpeername(int fd, void *addr, void *addrlen);
int       shutdown(int fd, int how);
int       close(int fd);
int       dup(int fd);
int       fcntl(int fd, int cmd, ...);   /* variadic: bind it so, see README.md */
int       ioctl(int fd, unsigned long long request, ...);

int       sched_setaffinity(int pid, unsigned long long cpusetsize, const void *mask);
int       sched_getaffinity(int pid, unsigned long long cpusetsize, void *mask);

/* ---- constants -------------------------------------------------------- */

#define EPOLL_CLOEXEC    0x80000
#define EPOLL_CTL_ADD    1
#define EPOLL_CTL_DEL    2
#define EPOLL_CTL_MOD    3
#define EPOLLIN          0x001
#define EPOLLPRI         0x002
#define EPOLLOUT         0x004
#define EPOLLERR         0x008
#define EPOLLHUP         0x010
#define EPOLLRDHUP       0x2000
#define EPOLLEXCLUSIVE   0x10000000
#define EPOLLONESHOT     0x40000000
#define EPOLLET          0x80000000

#define EFD_CLOEXEC      0x80000
#define EFD_NONBLOCK     0x800

#define AF_UNSPEC        0
#define AF_UNIX          1
#define AF_INET          2
#define AF_INET6         10
#define SOCK_STREAM      1
#define SOCK_DGRAM       2
#define SOCK_NONBLOCK    0x800
#define SOCK_CLOEXEC     0x80000
#define SOMAXCONN        4096

#define IPPROTO_IP       0
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define SOL_SOCKET       1
#define SO_REUSEADDR     2
#define SO_TYPE          3
#define SO_ERROR         4
#define SO_BROADCAST     6
#define SO_SNDBUF        7
#define SO_RCVBUF        8
#define SO_KEEPALIVE     9
#define SO_OOBINLINE     10
#define SO_PRIORITY      12
#define SO_LINGER        13
#define SO_REUSEPORT     15
#define SO_RCVLOWAT      18
#define SO_ACCEPTCONN    30
#define SO_PROTOCOL      38
#define SO_DOMAIN        39
#define SO_BUSY_POLL     46
#define SO_INCOMING_CPU  49
#define TCP_NODELAY      1
#define TCP_MAXSEG       2
#define TCP_CORK         3
#define TCP_KEEPIDLE     4
#define TCP_KEEPINTVL    5
#define TCP_KEEPCNT      6
#define TCP_SYNCNT       7
#define TCP_DEFER_ACCEPT 9
#define TCP_QUICKACK     12
#define TCP_USER_TIMEOUT 18
#define TCP_FASTOPEN     23
#define TCP_NOTSENT_LOWAT 25
#define TCP_FASTOPEN_CONNECT 30
#define IP_TOS           1
#define IP_TTL           2
#define IP_RECVERR       11
#define IPV6_UNICAST_HOPS 16
#define IPV6_RECVERR     25
#define IPV6_V6ONLY      26
#define IPV6_TCLASS      67

#define UDP_SEGMENT      103
#define UDP_GRO          104
#define SCM_RIGHTS       1

#define MSG_OOB          0x1
#define MSG_PEEK         0x2
#define MSG_CTRUNC       0x8
#define MSG_TRUNC        0x20
#define MSG_DONTWAIT     0x40
#define MSG_WAITALL      0x100
#define MSG_ERRQUEUE     0x2000
#define MSG_NOSIGNAL     0x4000
#define MSG_MORE         0x8000
#define MSG_CMSG_CLOEXEC 0x40000000
#define SHUT_RD          0
#define SHUT_WR          1
#define SHUT_RDWR        2

#define F_GETFD          1
#define F_SETFD          2
#define F_GETFL          3
#define F_SETFL          4
#define FD_CLOEXEC       1
#define F_DUPFD_CLOEXEC  1030
#define O_NONBLOCK       0x800
#define O_CLOEXEC        0x80000
#define FIONREAD         0x541B
#define IOV_MAX          1024

#define EPERM            1
#define ENOENT           2
#define EINTR            4
#define EIO              5
#define ENXIO            6
#define EBADF            9
#define EAGAIN           11
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
#define EDEADLK          35
#define ENAMETOOLONG     36
#define ENOLCK           37
#define ENOSYS           38
#define ELOOP            40
#define EPROTO           71
#define EOVERFLOW        75
#define ENOTSOCK         88
#define EDESTADDRREQ     89
#define EMSGSIZE         90
#define EPROTOTYPE       91
#define ENOPROTOOPT      92
#define EPROTONOSUPPORT  93
#define ESOCKTNOSUPPORT  94
#define EOPNOTSUPP       95
#define EPFNOSUPPORT     96
#define EAFNOSUPPORT     97
#define EADDRINUSE       98
#define EADDRNOTAVAIL    99
#define ENETDOWN         100
#define ENETUNREACH      101
#define ENETRESET        102
#define ECONNABORTED     103
#define ECONNRESET       104
#define ENOBUFS          105
#define EISCONN          106
#define ENOTCONN         107
#define ESHUTDOWN        108
#define ETOOMANYREFS     109
#define ETIMEDOUT        110
#define ECONNREFUSED     111
#define EHOSTDOWN        112
#define EHOSTUNREACH     113
#define EALREADY         114
#define EINPROGRESS      115
#define ECANCELED        125

#endif
