/* Connect, one message, its echo, close: over and over on each of `connections` places. */
#include "load.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 512 };

static char buffer[MAX_CHUNK];
static uint64_t messages;
static int dialled;

static void begin(int epoll, struct stream *stream) {
  int index = dialled++;
  stream->fd = dial(index);
  stream->index = index;
  stream->sent = stream->received = 0;
  stream->allowed = options.size;
  stream->blocked = false;
  stream->sent_at[0] = now_ns();
  watch(epoll, stream->fd, EPOLLOUT, stream);
}

static void go_on(int epoll, struct stream *stream, unsigned events) {
  if (stream->sent < stream->allowed) {
    wait_connected(stream->fd);
    pump(epoll, stream);
    if (!stream->blocked) rewatch(epoll, stream->fd, EPOLLIN, stream);
  } else if (events & ~EPOLLOUT) {
    take(stream, buffer, sizeof buffer);
    if (stream->received == (uint64_t)options.size) {
      histogram_add(now_ns() - stream->sent_at[0]);
      messages++;
      close(stream->fd); /* an orderly end: FIN */
      begin(epoll, stream);
    }
  }
}

void run_connect(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct stream *streams = calloc(options.connections, sizeof *streams);
  struct epoll_event events[EVENTS];
  window_open();
  for (int i = 0; i < options.connections; i++) {
    streams[i].sent_at = calloc(1, sizeof(uint64_t));
    begin(epoll, &streams[i]);
  }
  do {
    int ready = epoll_wait(epoll, events, EVENTS, 10000);
    if (ready == 0) fail_because("the server was silent for 10 s");
    for (int i = 0; i < ready; i++) go_on(epoll, events[i].data.ptr, events[i].events);
  } while (window_tick(now_ns(), messages));
}
