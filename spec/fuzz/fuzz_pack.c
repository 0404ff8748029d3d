/* SPDX-License-Identifier: MIT
 * spec/fuzz/fuzz_pack.c -- any bytes as a packed blob: the reader ends, inside the blob, and its counts
 * never promise more elements than there are bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  pack_reader r = {p, p + n};
  pack_value v;
  while (r.p < r.end) {
    const unsigned char *before = r.p;
    int type = pack_read(&r, &v);
    if (type < 0) break;
    if (r.p <= before || r.p > r.end) abort();
    size_t left = (size_t)(r.end - r.p);
    if (type == PACK_TABLE && (size_t)v.array + 2 * (size_t)v.hash > left) abort();
    if (type == PACK_STR && v.n && (v.s < (const char *)p || v.s + v.n > (const char *)p + n)) abort();
  }
  r = (pack_reader){p, p + n};
  pack_skip(&r, 32);
  if (r.p > r.end) abort();
  return 0;
}
