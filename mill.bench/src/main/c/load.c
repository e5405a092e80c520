/* usage: load closed|rate|connect|broadcast|start|exec name=value... [-- command]
 * Prints "begin" and "end" around what it measures, and then lines "= name value". When it has
 * said "done" it keeps its connections until its standard input has a line or ends. */
#define _GNU_SOURCE
#include "load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct options options = {.connections = 1, .depth = 1, .size = 64, .server_cpu = -1,
                          .client_cpu = -1, .warm = 0.2, .seconds = 1, .settle_ms = 300,
                          .rate = 40000};

void fail(const char *what) {
  perror(what);
  exit(1);
}

void fail_because(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static void set(const char *word) {
  const char *value = strchr(word, '=');
  if (value == NULL) fail_because("an argument is not of the form name=value");
  size_t length = value++ - word;
  struct { const char *name; int *number; } numbers[] = {
      {"port", &options.port},             {"connections", &options.connections},
      {"depth", &options.depth},           {"size", &options.size},
      {"idle", &options.idle},             {"rate", &options.rate},
      {"sources", &options.sources},       {"server", &options.server},
      {"server_cpu", &options.server_cpu}, {"client_cpu", &options.client_cpu},
      {"settle_ms", &options.settle_ms}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strncmp(word, numbers[i].name, length) == 0 && numbers[i].name[length] == 0) {
      *numbers[i].number = atoi(value);
      return;
    }
  }
  if (strncmp(word, "warm=", length + 1) == 0) options.warm = atof(value);
  else if (strncmp(word, "seconds=", length + 1) == 0) options.seconds = atof(value);
  else fail_because("an argument is not known");
}

static void allow_descriptors(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **words) {
  static const struct { const char *name; void (*run)(void); } modes[] = {
      {"closed", run_closed},       {"rate", run_rate},   {"connect", run_connect},
      {"broadcast", run_broadcast}, {"start", run_start}, {"exec", run_exec}};
  if (count < 2) fail_because("what is to be done?");
  options.mode = words[1];
  for (int i = 2; i < count && options.command == NULL; i++) {
    if (strcmp(words[i], "--") == 0) options.command = words + i + 1;
    else set(words[i]);
  }
  signal(SIGPIPE, SIG_IGN);
  allow_descriptors();
  pattern_make();
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(options.mode, modes[i].name) == 0) {
      modes[i].run();
      if (strcmp(options.mode, "start") == 0) return 0;
      meter_print();
      histogram_print();
      puts("done");
      fflush(stdout);
      getchar();
      close_range(3, ~0U, 0); /* what the server has to do for it falls into nobody's slice */
      meter_settle();
      return 0;
    }
  }
  fail_because("there is no such mode");
}
