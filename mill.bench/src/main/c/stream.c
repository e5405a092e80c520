/* Connections of this process to the server, non-blocking. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* With several sources the ports of one do not run out: 127.0.0.2 and on. */
static void choose_source(int fd, int index) {
  int on = 1;
  struct sockaddr_in source = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index % options.sources)};
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) fail("bind");
}

int dial(int index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.sources > 0) choose_source(fd, index);
  struct sockaddr_in server = {.sin_family = AF_INET,
                               .sin_port = htons(options.port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    fail("connect");
  }
  return fd;
}

static void wait_for(int fd, short event) {
  struct pollfd one = {.fd = fd, .events = event};
  if (poll(&one, 1, 10000) != 1) fail_because("the server did nothing for 10 s");
}

void wait_readable(int fd) { wait_for(fd, POLLIN); }

void wait_connected(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  wait_for(fd, POLLOUT);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  if (error != 0) fail("connect");
}

static void control(int epoll, int operation, int fd, unsigned events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) fail("epoll_ctl");
}

void watch(int epoll, int fd, unsigned events, void *data) {
  control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

void rewatch(int epoll, int fd, unsigned events, void *data) {
  control(epoll, EPOLL_CTL_MOD, fd, events, data);
}

/* Sends what is allowed, as far as the kernel takes it. */
void pump(int epoll, struct stream *stream) {
  while (stream->sent < stream->allowed) {
    size_t length = stream->allowed - stream->sent;
    if (length > MAX_CHUNK) length = MAX_CHUNK;
    ssize_t sent =
        send(stream->fd, pattern_at(stream->index, stream->sent), length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) fail("send");
    if (sent > 0) stream->sent += sent;
    if (sent < (ssize_t)length) {
      if (!stream->blocked) {
        stream->blocked = true;
        rewatch(epoll, stream->fd, EPOLLIN | EPOLLOUT, stream);
      }
      return;
    }
  }
  if (stream->blocked) {
    stream->blocked = false;
    rewatch(epoll, stream->fd, EPOLLIN, stream);
  }
}

/* Receives once and verifies; returns how many bytes. */
size_t take(struct stream *stream, char *buffer, size_t size) {
  ssize_t got = recv(stream->fd, buffer, size, 0);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got < 0) fail("recv");
  if (got == 0) fail_because("the server has closed a connection");
  pattern_verify(stream->index, stream->received, buffer, got);
  stream->received += got;
  if (stream->received > stream->sent) fail_because("more came back than was sent");
  return got;
}
