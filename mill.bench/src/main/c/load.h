/* The load generator: what its files share. One thread, epoll, and every byte is verified. */
#ifndef LOAD_H
#define LOAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the command line says: words of the form name=value, then, after "--", a command. */
struct options {
  const char *mode;
  int port, connections, depth, size, idle, rate, sources, settle_ms;
  int server_cpu, client_cpu; /* whose time counts as that of the machine; -1: none */
  pid_t server;
  double warm, seconds;
  char **command;
};

extern struct options options;

void fail(const char *what);
void fail_because(const char *what);
uint64_t now_ns(void);

/* meter.c: what the server, this process and the machine spent between two calls. */
void meter_begin(void);
void meter_end(uint64_t messages);
void meter_print(void);
/* Waits until the server has nothing to do any more, 2 s at most. */
void meter_settle(void);
long resident_kib(pid_t pid, const char *field);

/* histogram.c */
void histogram_clear(void);
void histogram_add(uint64_t ns);
void histogram_print(void);

/* window.c: warm-up, then the measured time; told to whoever reads the output. */
void window_open(void);
/* Whether to go on. Counts messages, and begins and ends the measured time. */
bool window_tick(uint64_t now, uint64_t messages_so_far);
bool window_measures(void);

/* pattern.c: the bytes that a connection sends, by their place in its stream. */
enum { MAX_CHUNK = 1 << 20 };
void pattern_make(void);
const char *pattern_at(int connection, uint64_t place);
void pattern_verify(int connection, uint64_t place, const char *bytes, size_t length);

/* stream.c: connections. */
struct stream {
  int fd, index;
  uint64_t sent, received;  /* bytes */
  uint64_t allowed;         /* bytes that may be sent by now */
  uint64_t *sent_at;        /* when each message that is under way was sent */
  bool blocked;
};
int dial(int index);
void wait_connected(int fd);
void wait_readable(int fd);
void watch(int epoll, int fd, unsigned events, void *data);
void rewatch(int epoll, int fd, unsigned events, void *data);
void pump(int epoll, struct stream *stream);
size_t take(struct stream *stream, char *buffer, size_t size);

void run_closed(void);
void run_rate(void);
void run_connect(void);
void run_broadcast(void);
void run_start(void);
void run_exec(void);
#endif
