/* Processor time of the server to the nanosecond, of this process, and of the machine. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct reading {
  uint64_t wall, server, client;
  uint64_t user_ticks, system_ticks;
  uint64_t idle_ticks, interrupt_ticks, steal_ticks;
};

static struct reading first, last;
static uint64_t messages;

static uint64_t clock_ns(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static uint64_t server_ns(void) {
  clockid_t clock;
  if (options.server <= 0 || clock_getcpuclockid(options.server, &clock) != 0) return 0;
  return clock_ns(clock);
}

static uint64_t client_ns(void) {
  struct rusage children; /* those that have ended: an external client */
  getrusage(RUSAGE_CHILDREN, &children);
  uint64_t us = (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * UINT64_C(1000000) +
                children.ru_utime.tv_usec + children.ru_stime.tv_usec;
  return clock_ns(CLOCK_PROCESS_CPUTIME_ID) + us * 1000;
}

static void read_server_ticks(struct reading *reading) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", options.server);
  FILE *file = fopen(path, "r");
  if (file == NULL) return;
  if (fgets(line, sizeof line, file) != NULL) {
    const char *after = strrchr(line, ')'); /* the name may hold anything */
    if (after != NULL) {
      sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
             &reading->user_ticks, &reading->system_ticks);
    }
  }
  fclose(file);
}

static void read_machine_ticks(struct reading *reading) {
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return;
  char line[1024];
  while (fgets(line, sizeof line, file) != NULL) {
    int cpu;
    uint64_t value[8] = {0};
    if (sscanf(line, "cpu%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64, &cpu, &value[0], &value[1], &value[2], &value[3],
               &value[4], &value[5], &value[6], &value[7]) != 9) {
      continue;
    }
    if (cpu == options.server_cpu || cpu == options.client_cpu) {
      reading->idle_ticks += value[3] + value[4];
      reading->interrupt_ticks += value[5] + value[6];
      reading->steal_ticks += value[7];
    }
  }
  fclose(file);
}

static struct reading read_all(void) {
  struct reading reading = {0};
  read_machine_ticks(&reading);
  read_server_ticks(&reading);
  reading.wall = now_ns();
  reading.server = server_ns();
  reading.client = client_ns();
  return reading;
}

void meter_begin(void) { first = read_all(); }

void meter_end(uint64_t count) {
  last = read_all();
  messages = count;
}

void meter_settle(void) {
  const struct timespec moment = {0, 20 * 1000 * 1000};
  uint64_t before = server_ns();
  for (int i = 0; i < 100; i++) {
    nanosleep(&moment, NULL);
    uint64_t after = server_ns();
    if (after - before < 200 * 1000) return; /* 1 % */
    before = after;
  }
}

void meter_print(void) {
  printf("= messages %" PRIu64 "\n", messages);
  printf("= elapsed_ns %" PRIu64 "\n", last.wall - first.wall);
  printf("= server_ns %" PRIu64 "\n", last.server - first.server);
  printf("= client_ns %" PRIu64 "\n", last.client - first.client);
  printf("= user_ticks %" PRIu64 "\n", last.user_ticks - first.user_ticks);
  printf("= system_ticks %" PRIu64 "\n", last.system_ticks - first.system_ticks);
  printf("= idle_ticks %" PRIu64 "\n", last.idle_ticks - first.idle_ticks);
  printf("= interrupt_ticks %" PRIu64 "\n", last.interrupt_ticks - first.interrupt_ticks);
  printf("= steal_ticks %" PRIu64 "\n", last.steal_ticks - first.steal_ticks);
  printf("= ticks_per_second %ld\n", sysconf(_SC_CLK_TCK));
}

long resident_kib(pid_t pid, const char *field) {
  char path[64], line[256];
  long kib = -1;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) sscanf(line + strlen(field) + 1, "%ld", &kib);
  }
  fclose(file);
  return kib;
}
