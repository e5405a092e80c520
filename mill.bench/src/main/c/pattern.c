/* Bytes with a prime period, so that a byte of another place or connection is noticed. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 65521 };

static char bytes[PERIOD + MAX_CHUNK];

void pattern_make(void) {
  uint64_t state = 0x9E3779B97F4A7C15u;
  for (int i = 0; i < PERIOD; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes[i] = (char)(state >> 32);
  }
  for (int i = PERIOD; i < PERIOD + MAX_CHUNK; i++) bytes[i] = bytes[i - PERIOD];
}

const char *pattern_at(int connection, uint64_t place) {
  return bytes + (place + (uint64_t)connection * 7919) % PERIOD;
}

void pattern_verify(int connection, uint64_t place, const char *got, size_t length) {
  if (memcmp(pattern_at(connection, place), got, length) != 0) {
    fprintf(stderr, "load: connection %d got wrong bytes behind its first %llu\n", connection,
            (unsigned long long)place);
    exit(3);
  }
}
