/* Warm-up, then the measured time. "begin" and "end" are told while the server still works. */
#include "load.h"

#include <stdio.h>

static uint64_t begins, ends, before;
static bool measures;

static void tell(const char *word) {
  puts(word);
  fflush(stdout);
}

void window_open(void) {
  begins = now_ns() + (uint64_t)(options.warm * 1e9);
  measures = false;
}

bool window_measures(void) { return measures; }

bool window_tick(uint64_t now, uint64_t messages_so_far) {
  if (!measures) {
    if (now >= begins) {
      measures = true;
      histogram_clear();
      before = messages_so_far;
      tell("begin");
      meter_begin();
      ends = now_ns() + (uint64_t)(options.seconds * 1e9);
    }
  } else if (now >= ends) {
    meter_end(messages_so_far - before);
    measures = false;
    tell("end");
    return false;
  }
  return true;
}
