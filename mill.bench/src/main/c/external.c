/* exec: measures around a client of another's making. start: a process, to its first echo. */
#define _GNU_SOURCE
#include "load.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void run_command(void) {
  signal(SIGPIPE, SIG_DFL);
  execvp(options.command[0], options.command);
  perror(options.command[0]);
  _exit(127);
}

void run_exec(void) {
  int status;
  puts("begin");
  fflush(stdout);
  meter_begin();
  pid_t child = fork();
  if (child == 0) run_command();
  if (child < 0 || waitpid(child, &status, 0) != child) fail("fork");
  meter_end(0);
  if (status != 0) fail_because("the client failed");
  puts("end");
}

/* The port is the last number of the first line with one. */
static int read_port(int from) {
  FILE *lines = fdopen(from, "r");
  char line[512];
  while (fgets(line, sizeof line, lines) != NULL) {
    char *end = line + strlen(line);
    while (end > line && !isdigit((unsigned char)end[-1])) end--;
    char *begin = end;
    while (begin > line && isdigit((unsigned char)begin[-1])) begin--;
    if (begin < end) return atoi(begin);
  }
  fail_because("the server has not told its port");
  return -1;
}

static void echo_once(void) {
  struct stream stream = {.fd = dial(0), .index = 0, .allowed = options.size};
  char buffer[64 * 1024];
  wait_connected(stream.fd);
  int flags = fcntl(stream.fd, F_GETFL);
  fcntl(stream.fd, F_SETFL, flags & ~O_NONBLOCK);
  pump(-1, &stream);
  while (stream.received < stream.allowed) take(&stream, buffer, sizeof buffer);
  printf("= first_echo_ns %" PRIu64 "\n", now_ns());
  close(stream.fd);
}

void run_start(void) {
  int input[2], output[2], status;
  if (pipe(input) != 0 || pipe(output) != 0) fail("pipe");
  uint64_t begin = now_ns();
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    close(input[1]);
    close(output[0]);
    run_command();
  }
  close(input[0]);
  close(output[1]);
  alarm(60);
  options.port = read_port(output[0]);
  printf("= started_ns %" PRIu64 "\n", begin);
  echo_once();
  struct timespec settle = {options.settle_ms / 1000, options.settle_ms % 1000 * 1000000L};
  nanosleep(&settle, NULL);
  printf("= resident_kib %ld\n", resident_kib(child, "VmRSS"));
  kill(child, SIGTERM); /* an orderly end: what trains a cache writes it now */
  close(input[1]);
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) fail("wait4");
  printf("= cpu_us %ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L +
                               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}
