/* One connection sends, the server tells all of them: a message is one delivery. The next message
 * follows when all have the one before. */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { EVENTS = 512 };

static char buffer[MAX_CHUNK], message[MAX_CHUNK];
static uint64_t number, sent_at, deliveries;
static int missing;

struct member {
  int fd;
  uint64_t got; /* bytes of the message under way */
};

/* Its number is in front, and every message has other bytes. */
static void make_message(void) {
  memcpy(message, pattern_at((int)(number % 1000), number), options.size);
  memcpy(message, &number, sizeof number);
}

static void tell(struct member *sender) {
  number++;
  make_message();
  missing = options.connections;
  sent_at = now_ns();
  ssize_t sent = send(sender->fd, message, options.size, MSG_NOSIGNAL);
  if (sent != options.size) fail("send");
}

static void receive(struct member *member) {
  ssize_t got = recv(member->fd, buffer, options.size - member->got, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) fail("recv");
  if (got == 0) fail_because("the server has closed a connection");
  if (memcmp(buffer, message + member->got, got) != 0) fail_because("wrong bytes were told");
  member->got += got;
  if (member->got == (uint64_t)options.size) {
    member->got = 0;
    missing--;
    deliveries++;
    histogram_add(now_ns() - sent_at);
  }
}

static void await_all(int epoll) {
  struct epoll_event events[EVENTS];
  while (missing > 0) {
    int ready = epoll_wait(epoll, events, EVENTS, 10000);
    if (ready == 0) fail_because("not all were told within 10 s");
    for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
  }
}

/* They are accepted in the order of joining: who sends first is the last one. */
static void join_all(int epoll, struct member *members) {
  for (int i = 0; i < options.connections; i++) {
    members[i].fd = dial(i);
    wait_connected(members[i].fd);
    watch(epoll, members[i].fd, EPOLLIN, &members[i]);
  }
  tell(&members[options.connections - 1]);
  await_all(epoll);
}

void run_broadcast(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct member *members = calloc(options.connections, sizeof *members);
  join_all(epoll, members);
  window_open();
  do {
    tell(members);
    await_all(epoll);
  } while (window_tick(now_ns(), deliveries));
}
