/* Times in buckets that are at most 1/128 wide. The reader computes the percentiles. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BITS = 7, SUB = 1 << BITS, BUCKETS = (64 - BITS) * SUB };

static uint64_t counts[BUCKETS];

static int bucket_of(uint64_t ns) {
  if (ns < 2 * SUB) return (int)ns;
  int shift = 63 - __builtin_clzll(ns) - BITS;
  return shift * SUB + (int)(ns >> shift);
}

static uint64_t highest_in(int bucket) {
  if (bucket < 2 * SUB) return bucket;
  int shift = bucket / SUB - 1;
  return ((uint64_t)(bucket - shift * SUB + 1) << shift) - 1;
}

void histogram_clear(void) { memset(counts, 0, sizeof counts); }

void histogram_add(uint64_t ns) { counts[bucket_of(ns)]++; }

void histogram_print(void) {
  for (int i = 0; i < BUCKETS; i++) {
    if (counts[i] > 0) printf("= bucket %" PRIu64 " %" PRIu64 "\n", highest_in(i), counts[i]);
  }
}
