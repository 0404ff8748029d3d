/* SPDX-License-Identifier: MIT
 * fuzz_match.c -- arbitrary patterns on arbitrary texts.  A match and its captures are within the text;
 * the steps never exceed the limit; the same call has the same result. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const double STEPS = 20000;

static void check_capture(const host_found *f, int i, uint32_t n) {
  int32_t from = f->capture[i].from, size = f->capture[i].n;
  if (size == HOST_CAPTURE_OPEN || size == HOST_CAPTURE_POSITION) size = 0;
  if (from < 0 || size < 0 || (uint32_t)from + (uint32_t)size > n) abort();
}

static void check(const host_found *f, int result, uint32_t n, int from) {
  if (!(f->steps >= 0 && f->steps <= STEPS)) abort();
  if (result == HOST_EINVAL && (f->why < 1 || f->why > 8)) abort();
  if (result == HOST_ELIMIT && f->steps > 0) abort();
  if (result != 1) return;
  if (f->from < from || f->to < f->from || (uint32_t)f->to > n) abort();
  if (f->level < 0 || f->level > HOST_CAPTURES) abort();
  for (int i = 0; i < f->level; i++) check_capture(f, i, n);
}

/* The first byte chooses the mode, the second says where the pattern ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static host_found once, twice;
  if (n < 2) return 0;
  size_t cut = 2 + data[1];
  if (cut > n) cut = n;
  host_str pattern = {(const char *)data + 2, (uint32_t)(cut - 2)};
  host_str text = {(const char *)data + cut, (uint32_t)(n - cut)};
  int mode = data[0] & 3, from = (data[0] >> 2) % ((int)text.n + 1);
  once.steps = twice.steps = STEPS;
  int result = host_match(&text, &pattern, from, mode, &once);
  check(&once, result, text.n, from);
  if (host_match(&text, &pattern, from, mode, &twice) != result || twice.steps < once.steps) abort();
  return 0;
}
