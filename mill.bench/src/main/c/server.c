/* The peer "c": level-triggered epoll, one read and one write per event, one buffer for all.
 * usage: server echo|broadcast|http [spin]
 * With spin, the peer "c-spin": it looks again before it sleeps, for some tens of milliseconds.
 * Prints "port N", and serves until its standard input ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, EVENTS = 1024, MAX_FDS = 1 << 17, SPIN_LOOKS = 100 * 1000 };

enum kind { ECHO, BROADCAST, HTTP };

/* What a peer has not taken yet; none in steady state. */
struct rest {
  char *bytes;
  size_t from, to;
};

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\n00000000";

static char buffer[READ_BYTES];
static char answers[READ_BYTES];
static struct rest rests[MAX_FDS];
static unsigned char heads[MAX_FDS]; /* how much of the end of a head was seen: 0 to 3 bytes */
static int members[MAX_FDS], places[MAX_FDS], member_count;
static int epoll;
static enum kind kind;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int fd, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) fail("epoll_ctl");
}

static void drop(int fd) {
  int last = members[--member_count];
  members[places[fd]] = last;
  places[last] = places[fd];
  free(rests[fd].bytes);
  rests[fd] = (struct rest){0};
  close(fd);
}

static void keep(int fd, const char *bytes, size_t length) {
  struct rest *rest = &rests[fd];
  size_t waiting = rest->to - rest->from;
  char *all = malloc(waiting + length);
  if (all == NULL) fail("malloc");
  if (waiting > 0) memcpy(all, rest->bytes + rest->from, waiting);
  memcpy(all + waiting, bytes, length);
  free(rest->bytes);
  *rest = (struct rest){all, 0, waiting + length};
}

static void put(int fd, const char *bytes, size_t length) {
  ssize_t sent = 0;
  if (rests[fd].bytes == NULL) {
    sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent == (ssize_t)length) return;
    if (sent < 0 && errno != EAGAIN) return; /* the next read tells */
    if (sent < 0) sent = 0;
    watch(fd, EPOLL_CTL_MOD, kind == ECHO ? EPOLLOUT : EPOLLIN | EPOLLOUT);
  }
  keep(fd, bytes + sent, length - sent);
}

static void flush(int fd) {
  struct rest *rest = &rests[fd];
  if (rest->bytes == NULL) return;
  ssize_t sent = send(fd, rest->bytes + rest->from, rest->to - rest->from, MSG_NOSIGNAL);
  if (sent > 0) rest->from += sent;
  if (rest->from == rest->to) {
    free(rest->bytes);
    *rest = (struct rest){0};
    watch(fd, EPOLL_CTL_MOD, EPOLLIN);
  }
}

/* One answer for each empty line. */
static void answer(int fd, ssize_t length) {
  static const char END[] = "\r\n\r\n";
  unsigned char seen = heads[fd];
  size_t filled = 0;
  for (ssize_t i = 0; i < length; i++) {
    seen = buffer[i] == END[seen] ? seen + 1 : buffer[i] == '\r';
    if (seen == 4) {
      seen = 0;
      if (filled + sizeof ANSWER > sizeof answers) {
        put(fd, answers, filled);
        filled = 0;
      }
      memcpy(answers + filled, ANSWER, sizeof ANSWER - 1);
      filled += sizeof ANSWER - 1;
    }
  }
  heads[fd] = seen;
  if (filled > 0) put(fd, answers, filled);
}

static void receive(int fd) {
  ssize_t length = recv(fd, buffer, sizeof buffer, 0);
  if (length <= 0) {
    if (length == 0 || errno != EAGAIN) drop(fd);
  } else if (kind == ECHO) {
    put(fd, buffer, length);
  } else if (kind == HTTP) {
    answer(fd, length);
  } else {
    for (int i = 0; i < member_count; i++) put(members[i], buffer, length);
  }
}

static void take(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    if (fd >= MAX_FDS) {
      close(fd);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    places[fd] = member_count;
    members[member_count++] = fd;
    heads[fd] = 0;
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static int listen_anywhere(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail("getsockname");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int count, char **words) {
  const char *name = count > 1 ? words[1] : "echo";
  kind = strcmp(name, "http") == 0 ? HTTP : strcmp(name, "broadcast") == 0 ? BROADCAST : ECHO;
  int looks = count > 2 && strcmp(words[2], "spin") == 0 ? SPIN_LOOKS : 0;
  int in_vain = 0;
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_anywhere();
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN);
  static struct epoll_event events[EVENTS];
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS, in_vain < looks ? 0 : -1);
    in_vain = ready > 0 ? 0 : in_vain + 1;
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        take(listener);
      } else if (fd == STDIN_FILENO) {
        if (read(fd, buffer, sizeof buffer) <= 0) return 0;
      } else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        receive(fd);
      } else {
        flush(fd);
      }
    }
  }
}
