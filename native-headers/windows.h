/*
 * Windows 10+/Server 2016+ IOCP + AFD poll + Winsock structs and constants (x64 and arm64, LLP64).
 * The functions are in windows-<dll>.h.
 * Self-contained; see linux.h for the rules. DWORD/ULONG/BOOL/NTSTATUS are int,
 * HANDLE is void*, SOCKET/ULONG_PTR are unsigned long long, WCHAR is unsigned short.
 */
#ifndef MILL_WINDOWS_H
#define MILL_WINDOWS_H

/* ---- structs ---------------------------------------------------------- */

struct OVERLAPPED {
    unsigned long long Internal;
    unsigned long long InternalHigh;
    unsigned int       Offset;
    unsigned int       OffsetHigh;
    void              *hEvent;
};

struct OVERLAPPED_ENTRY {
    unsigned long long  lpCompletionKey;
    struct OVERLAPPED  *lpOverlapped;
    unsigned long long  Internal;
    unsigned int        dwNumberOfBytesTransferred;
};

struct IO_STATUS_BLOCK {                 /* really a union { NTSTATUS; PVOID } first; same layout */
    int                Status;
    unsigned long long Information;
};

struct UNICODE_STRING {
    unsigned short  Length;
    unsigned short  MaximumLength;
    unsigned short *Buffer;
};

struct OBJECT_ATTRIBUTES {
    unsigned int           Length;
    void                  *RootDirectory;
    struct UNICODE_STRING *ObjectName;
    unsigned int           Attributes;
    void                  *SecurityDescriptor;
    void                  *SecurityQualityOfService;
};

struct AFD_POLL_HANDLE_INFO {            /* undocumented, stable since NT */
    void        *Handle;
    unsigned int Events;
    int          Status;
};

struct AFD_POLL_INFO {
    long long                   Timeout;
    unsigned int                NumberOfHandles;
    unsigned int                Exclusive;
    struct AFD_POLL_HANDLE_INFO Handles[1];
};

struct GUID {
    unsigned int   Data1;
    unsigned short Data2;
    unsigned short Data3;
    unsigned char  Data4[8];
};

struct WSABUF {
    unsigned int len;
    void        *buf;
};

struct WSAMSG {
    void          *name;
    int            namelen;
    struct WSABUF *lpBuffers;
    unsigned int   dwBufferCount;
    struct WSABUF  Control;
    unsigned int   dwFlags;
};

struct WSADATA {                         /* 64-bit member order */
    unsigned short wVersion;
    unsigned short wHighVersion;
    unsigned short iMaxSockets;
    unsigned short iMaxUdpDg;
    void          *lpVendorInfo;
    char           szDescription[257];
    char           szSystemStatus[129];
};

struct in_addr {
    unsigned int s_addr;
};

struct in6_addr {
    unsigned char s6_addr[16];
};

struct sockaddr_in {
    unsigned short sin_family;
    unsigned short sin_port;
    struct in_addr sin_addr;
    char           sin_zero[8];
};

struct sockaddr_in6 {
    unsigned short  sin6_family;
    unsigned short  sin6_port;
    unsigned int    sin6_flowinfo;
    struct in6_addr sin6_addr;
    unsigned int    sin6_scope_id;
};

struct sockaddr_un {
    unsigned short sun_family;
    char           sun_path[108];
};

struct sockaddr_storage {
    unsigned short ss_family;
    char           ss_pad1[6];
    long long      ss_align;
    char           ss_pad2[112];
};

struct linger {
    unsigned short l_onoff;
    unsigned short l_linger;
};

/* ---- constants -------------------------------------------------------- */

#define INVALID_HANDLE_VALUE                  (-1LL)
#define INVALID_SOCKET                        (-1LL)
#define SOCKET_ERROR                          (-1)
#define INFINITE                              0xFFFFFFFF
#define FILE_SKIP_COMPLETION_PORT_ON_SUCCESS  0x1
#define FILE_SKIP_SET_EVENT_ON_HANDLE         0x2

#define SYNCHRONIZE                           0x00100000
#define FILE_SHARE_READ                       0x1
#define FILE_SHARE_WRITE                      0x2
#define FILE_OPEN                             0x1

#define STATUS_SUCCESS                        0x00000000
#define STATUS_TIMEOUT                        0x00000102
#define STATUS_PENDING                        0x00000103
#define STATUS_CANCELLED                      ((int) 0xC0000120)
#define STATUS_NOT_FOUND                      ((int) 0xC0000225)

#define IOCTL_AFD_POLL                        0x00012024
#define AFD_POLL_RECEIVE                      0x0001
#define AFD_POLL_RECEIVE_EXPEDITED            0x0002
#define AFD_POLL_SEND                         0x0004
#define AFD_POLL_DISCONNECT                   0x0008
#define AFD_POLL_ABORT                        0x0010
#define AFD_POLL_LOCAL_CLOSE                  0x0020
#define AFD_POLL_ACCEPT                       0x0080
#define AFD_POLL_CONNECT_FAIL                 0x0100

#define SIO_BASE_HANDLE                       0x48000022
#define SIO_BSP_HANDLE_POLL                   0x4800001D
#define SIO_GET_EXTENSION_FUNCTION_POINTER    0xC8000006
#define FIONBIO                               0x8004667E
#define FIONREAD                              0x4004667F
#define WSA_FLAG_OVERLAPPED                   0x01
#define WSA_FLAG_NO_HANDLE_INHERIT            0x80

#define AF_UNSPEC        0
#define AF_UNIX          1
#define AF_INET          2
#define AF_INET6         23
#define SOCK_STREAM      1
#define SOCK_DGRAM       2
#define SOMAXCONN        0x7fffffff
#define IPPROTO_IP       0
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define SOL_SOCKET       0xffff
#define SO_ACCEPTCONN    0x0002
#define SO_REUSEADDR     0x0004
#define SO_EXCLUSIVEADDRUSE (-5)
#define SO_KEEPALIVE     0x0008
#define SO_BROADCAST     0x0020
#define SO_LINGER        0x0080
#define SO_OOBINLINE     0x0100
#define SO_SNDBUF        0x1001
#define SO_RCVBUF        0x1002
#define SO_ERROR         0x1007
#define SO_TYPE          0x1008
#define SO_UPDATE_ACCEPT_CONTEXT  0x700B
#define SO_UPDATE_CONNECT_CONTEXT 0x7010
#define TCP_NODELAY      1
#define TCP_KEEPIDLE     3
#define TCP_KEEPCNT      16
#define TCP_KEEPINTVL    17
#define IP_TOS           3
#define IP_TTL           4
#define IPV6_UNICAST_HOPS 4
#define IPV6_V6ONLY      27
#define MSG_OOB          0x1
#define MSG_PEEK         0x2
#define MSG_WAITALL      0x8
#define SD_RECEIVE       0
#define SD_SEND          1
#define SD_BOTH          2

#define ERROR_SUCCESS            0
#define ERROR_INVALID_HANDLE     6
#define ERROR_NETNAME_DELETED    64
#define ERROR_ABANDONED_WAIT_0   735
#define ERROR_OPERATION_ABORTED  995
#define ERROR_IO_INCOMPLETE      996
#define ERROR_IO_PENDING         997
#define ERROR_NOT_FOUND          1168
#define WAIT_IO_COMPLETION       0xC0
#define WAIT_TIMEOUT             258

#define WSABASEERR         10000
#define WSAEINTR           10004
#define WSAEBADF           10009
#define WSAEACCES          10013
#define WSAEFAULT          10014
#define WSAEINVAL          10022
#define WSAEMFILE          10024
#define WSAEWOULDBLOCK     10035
#define WSAEINPROGRESS     10036
#define WSAEALREADY        10037
#define WSAENOTSOCK        10038
#define WSAEDESTADDRREQ    10039
#define WSAEMSGSIZE        10040
#define WSAEPROTOTYPE      10041
#define WSAENOPROTOOPT     10042
#define WSAEPROTONOSUPPORT 10043
#define WSAESOCKTNOSUPPORT 10044
#define WSAEOPNOTSUPP      10045
#define WSAEPFNOSUPPORT    10046
#define WSAEAFNOSUPPORT    10047
#define WSAEADDRINUSE      10048
#define WSAEADDRNOTAVAIL   10049
#define WSAENETDOWN        10050
#define WSAENETUNREACH     10051
#define WSAENETRESET       10052
#define WSAECONNABORTED    10053
#define WSAECONNRESET      10054
#define WSAENOBUFS         10055
#define WSAEISCONN         10056
#define WSAENOTCONN        10057
#define WSAESHUTDOWN       10058
#define WSAETOOMANYREFS    10059
#define WSAETIMEDOUT       10060
#define WSAECONNREFUSED    10061
#define WSAELOOP           10062
#define WSAENAMETOOLONG    10063
#define WSAEHOSTDOWN       10064
#define WSAEHOSTUNREACH    10065
#define WSAEPROCLIM        10067
#define WSASYSNOTREADY     10091
#define WSAVERNOTSUPPORTED 10092
#define WSANOTINITIALISED  10093
#define WSAEDISCON         10101
#define WSAECANCELLED      10103

#endif
