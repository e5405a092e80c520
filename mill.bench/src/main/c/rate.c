/* Open loop: messages are due at a fixed rate, and a time counts from when its message was due. */
#include "load.h"

#include <stdlib.h>
#include <sys/epoll.h>

enum { EVENTS = 512 };

static char buffer[MAX_CHUNK];
static uint64_t messages, begin;

/* Message k of connection c is the (k * connections + c)th of all. */
static uint64_t due_at(uint64_t number) {
  return begin + number * UINT64_C(1000000000) / options.rate;
}

static void receive(struct stream *stream) {
  uint64_t before = stream->received / options.size;
  if (take(stream, buffer, sizeof buffer) == 0) return;
  uint64_t after = stream->received / options.size;
  uint64_t now = now_ns();
  for (uint64_t k = before; k < after; k++) {
    histogram_add(now - due_at(k * options.connections + stream->index));
  }
  messages += after - before;
}

void run_rate(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct stream *streams = calloc(options.connections, sizeof *streams);
  struct epoll_event events[EVENTS];
  for (int i = 0; i < options.connections; i++) {
    streams[i] = (struct stream){.fd = dial(i), .index = i};
    wait_connected(streams[i].fd);
    watch(epoll, streams[i].fd, EPOLLIN, &streams[i]);
  }
  window_open();
  begin = now_ns();
  uint64_t next = 0, now, heard = begin;
  do { /* it spins: a sleep is not as exact as what is measured */
    for (now = now_ns(); due_at(next) <= now; next++) {
      struct stream *stream = &streams[next % options.connections];
      stream->allowed += options.size;
      pump(epoll, stream);
    }
    int ready = epoll_wait(epoll, events, EVENTS, 0);
    for (int i = 0; i < ready; i++) {
      if (events[i].events & EPOLLOUT) pump(epoll, events[i].data.ptr);
      if (events[i].events & ~EPOLLOUT) receive(events[i].data.ptr);
    }
    if (ready > 0) heard = now;
    if (now - heard > UINT64_C(10000000000)) fail_because("the server was silent for 10 s");
  } while (window_tick(now_ns(), messages));
}
