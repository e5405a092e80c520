/* Closed loop: each connection has `depth` messages under way; idle ones may stand beside. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { EVENTS = 512, BATCH = 100 };

static char buffer[MAX_CHUNK];
static uint64_t messages;

static void allow(int epoll, struct stream *stream, uint64_t count, uint64_t now) {
  uint64_t next = stream->allowed / options.size;
  for (uint64_t i = 0; i < count; i++) stream->sent_at[(next + i) % options.depth] = now;
  stream->allowed += count * options.size;
  pump(epoll, stream);
}

static void receive(int epoll, struct stream *stream) {
  uint64_t before = stream->received / options.size;
  if (take(stream, buffer, sizeof buffer) == 0) return;
  uint64_t after = stream->received / options.size;
  if (after == before) return;
  uint64_t now = now_ns();
  for (uint64_t i = before; i < after; i++) {
    histogram_add(now - stream->sent_at[i % options.depth]);
  }
  messages += after - before;
  allow(epoll, stream, after - before, now);
}

/* Each has had one echo before it idles, so that the server knows it; by hundreds. */
static void open_idle(void) {
  static struct stream batch[BATCH];
  for (int from = 0; from < options.idle; from += BATCH) {
    int count = options.idle - from < BATCH ? options.idle - from : BATCH;
    for (int i = 0; i < count; i++) {
      batch[i] = (struct stream){.fd = dial(from + i), .index = from + i, .allowed = options.size};
    }
    for (int i = 0; i < count; i++) {
      wait_connected(batch[i].fd);
      pump(-1, &batch[i]); /* one message always fits */
    }
    for (int i = 0; i < count; i++) {
      while (batch[i].received < batch[i].allowed) {
        wait_readable(batch[i].fd);
        take(&batch[i], buffer, sizeof buffer);
      }
    }
  }
}

static void idle_and_tell(void) {
  printf("= resident_before_kib %ld\n", resident_kib(options.server, "VmRSS"));
  open_idle();
  printf("= resident_idle_kib %ld\n", resident_kib(options.server, "VmRSS"));
  puts("idle"); /* who reads this may look at the server, and then says so */
  fflush(stdout);
  if (getchar() == EOF) exit(0);
}

void run_closed(void) {
  if (options.idle > 0) idle_and_tell();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct stream *streams = calloc(options.connections, sizeof *streams);
  struct epoll_event events[EVENTS];
  for (int i = 0; i < options.connections; i++) {
    streams[i] = (struct stream){.fd = dial(i), .index = i};
    streams[i].sent_at = calloc(options.depth, sizeof(uint64_t));
    wait_connected(streams[i].fd);
    watch(epoll, streams[i].fd, EPOLLIN, &streams[i]);
  }
  window_open();
  for (int i = 0; i < options.connections; i++) allow(epoll, &streams[i], options.depth, now_ns());
  do {
    int ready = epoll_wait(epoll, events, EVENTS, 10000);
    if (ready == 0) fail_because("the server was silent for 10 s");
    for (int i = 0; i < ready; i++) {
      struct stream *stream = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) pump(epoll, stream);
      if (events[i].events & ~EPOLLOUT) receive(epoll, stream);
    }
  } while (window_tick(now_ns(), messages));
}
