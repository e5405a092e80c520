/*
 * ws2_32.dll. One header per DLL: each becomes a class that opens just that DLL (jextract -l),
 * and only when first used. Struct pointers are void* here so that no struct is emitted twice.
 */
#ifndef MILL_WINDOWS_WS2_32_H
#define MILL_WINDOWS_WS2_32_H

int                WSAStartup(unsigned short wVersionRequested, void *lpWSAData);
int                WSACleanup(void);
unsigned long long WSASocketW(int af, int type, int protocol, void *lpProtocolInfo,
                              unsigned int g, unsigned int dwFlags);
int                WSAIoctl(unsigned long long s, unsigned int dwIoControlCode,
                            void *lpvInBuffer, unsigned int cbInBuffer,
                            void *lpvOutBuffer, unsigned int cbOutBuffer,
                            unsigned int *lpcbBytesReturned, void *lpOverlapped,
                            void *lpCompletionRoutine);
int                WSASend(unsigned long long s, void *lpBuffers, unsigned int dwBufferCount,
                           unsigned int *lpNumberOfBytesSent, unsigned int dwFlags,
                           void *lpOverlapped, void *lpCompletionRoutine);
int                WSARecv(unsigned long long s, void *lpBuffers, unsigned int dwBufferCount,
                           unsigned int *lpNumberOfBytesRecvd, unsigned int *lpFlags,
                           void *lpOverlapped, void *lpCompletionRoutine);
int                bind(unsigned long long s, const void *name, int namelen);
int                listen(unsigned long long s, int backlog);
unsigned long long accept(unsigned long long s, void *addr, int *addrlen);
int                connect(unsigned long long s, const void *name, int namelen);
int                recv(unsigned long long s, void *buf, int len, int flags);
int                send(unsigned long long s, const void *buf, int len, int flags);
int                recvfrom(unsigned long long s, void *buf, int len, int flags, void *from, int *fromlen);
int                sendto(unsigned long long s, const void *buf, int len, int flags, const void *to, int tolen);
int                setsockopt(unsigned long long s, int level, int optname, const void *optval, int optlen);
int                getsockopt(unsigned long long s, int level, int optname, void *optval, int *optlen);
int                getsockname(unsigned long long s, void *name, int *namelen);
int                getpeername(unsigned long long s, void *name, int *namelen);
int                ioctlsocket(unsigned long long s, int cmd, unsigned int *argp);
int                shutdown(unsigned long long s, int how);
int                closesocket(unsigned long long s);
int                WSAGetLastError(void);

#endif
